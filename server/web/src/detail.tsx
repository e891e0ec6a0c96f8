// Why a square or a defect has its colour: the sentence first, then its numbers with unit, sigma and age, then the proof.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Cell, Defect, EntryRef, RoadFeature, Segment } from "./api";
import { Letter } from "./answer";
import { checkEntry } from "./proof";
import { age, codeWords, exact, featureWords, say, unit, type Language } from "./words";

export type Chosen = { kind: "waiting" } | { kind: "failed"; why: string } | { kind: "cell"; cell: Cell } | { kind: "defect"; defect: Defect } | { kind: "feature"; feature: RoadFeature } | { kind: "segment"; segment: Segment };

/** Centimetres where they mean something. */
function length(metres: number): string {
  return metres.toFixed(metres < 1 ? 2 : 1);
}

function Row({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return <div><dt>{name}</dt><dd>{children}</dd></div>;
}

function Proof({ entry, vkey, language }: { entry: EntryRef | null; vkey: string; language: Language }) {
  const [result, setResult] = useState<{ state: "idle" | "busy" | "good" | "bad"; text: string }>({ state: "idle", text: "" });
  useEffect(() => setResult({ state: "idle", text: "" }), [entry?.index]);
  if (!entry) return <p class="small">{say("record", language)}: {say("no_record", language)}</p>;
  const check = async () => {
    setResult({ state: "busy", text: "" });
    try {
      const { size } = await checkEntry(entry.index, vkey);
      setResult({ state: "good", text: `#${entry.index} / ${size}` });
    } catch (error) {
      setResult({ state: "bad", text: error instanceof Error ? error.message : String(error) });
    }
  };
  return (
    <div class="proof">
      <p class="small">
        {say("record", language)} <a href={`/v1/entries/${entry.index}`}>#{entry.index}</a> <code>{entry.leaf_hash.slice(0, 16)}…</code>
      </p>
      <button onClick={() => void check()} disabled={result.state === "busy"}>{say(result.state === "busy" ? "checking" : "check", language)}</button>
      <p class={`small ${result.state}`} role="status">
        {result.state === "good" && `✓ ${say("check_good", language)} (${result.text})`}
        {result.state === "bad" && `✗ ${say("check_bad", language)}: ${result.text}`}
      </p>
    </div>
  );
}

function SegmentDetail({ segment, language }: { segment: Segment; language: Language }) {
  const from = segment.index * 100;
  return (
    <>
      <h2><Letter code={segment.code} language={language} /> {segment.road} {segment.backward ? "←" : "→"} {from}–{Math.round(from + segment.length_m)} m</h2>
      <p class="explain">{segment.explanation[language]}</p>
      <dl>
        {segment.grade && <Row name={say("grade", language)}>{segment.grade}</Row>}
        {segment.pci !== null && <Row name={say("surface_pci", language)}>{segment.pci.toFixed(1)} / 100</Row>}
        {segment.rqi !== null && <Row name={say("ride_rqi", language)}>{segment.rqi.toFixed(2)} / 4.98</Row>}
        {segment.pqi !== null && <Row name={say("together_pqi", language)}>{segment.pqi.toFixed(1)} / 100</Row>}
        <Row name={say("unknown_share", language)}>{Math.round(100 * segment.unknown)} %</Row>
        {segment.passes > 0 && <Row name={say("passes", language)}>{segment.passes} {say("times", language)}</Row>}
        <Row name={say("seen", language)}><time dateTime={segment.seen ?? undefined} title={exact(segment.seen, language)}>{age(segment.seen, language)}</time></Row>
      </dl>
    </>
  );
}

function CellDetail({ cell, vkey, language, onDefect }: { cell: Cell; vkey: string; language: Language; onDefect: (id: string) => void }) {
  return (
    <>
      <h2><Letter code={cell.code} language={language} /> {codeWords[cell.code][language]}{cell.pale && cell.code === "green" ? ` · ${say("pale", language)}` : ""}</h2>
      <p class="explain">{cell.explain[language]}</p>
      <dl>
        <Row name={say("cell", language)}><code>{cell.human}</code></Row>
        <Row name={say("known_at", language)}>{cell.size_m} {say("square", language)}</Row>
        <Row name={say("seen", language)}><time dateTime={cell.seen ?? undefined} title={exact(cell.seen, language)}>{age(cell.seen, language)}</time></Row>
        {cell.passes !== null && cell.passes > 0 && <Row name={say("evidence", language)}>{cell.hits} / {cell.passes} {say("hits_of", language)}</Row>}
        {cell.coverage !== null && <Row name={say("coverage", language)}>{cell.coverage.toFixed(2)}</Row>}
        {cell.iri !== null && <Row name={say("ride", language)}>{cell.iri.toFixed(1)} m/km</Row>}
        {cell.csi !== null && cell.code !== "grey" && <Row name={say("surface", language)}>{Math.round(cell.csi)} / 100</Row>}
      </dl>
      {cell.defects.length > 0 && (
        <p>{say("defects_here", language)}: {cell.defects.map((id) => <button key={id} class="quiet" onClick={() => onDefect(id)}>→ {id.split(".").slice(-2).join(".")}</button>)}</p>
      )}
      <Proof entry={cell.entry} vkey={vkey} language={language} />
    </>
  );
}

function DefectDetail({ defect, vkey, language }: { defect: Defect; vkey: string; language: Language }) {
  const newest = defect.entries[defect.entries.length - 1] ?? null;
  return (
    <>
      <h2><Letter code={defect.code} language={language} /> {defect.type[language]} · {defect.state === "confirmed" ? (language === "zh" ? "已确认" : "confirmed") : say(defect.state === "repaired" ? "repaired" : "suspected", language)}</h2>
      <p class="explain">{defect.explain[language]}</p>
      <dl>
        {defect.size && <Row name={say("size", language)}>{defect.size.value.toFixed(0)} ± {defect.size.sigma.toFixed(0)} {unit(defect.size.unit, language)}</Row>}
        <Row name={say("probability", language)}>{defect.probability > 0.99 ? "> 99" : (100 * defect.probability).toFixed(0)} %</Row>
        <Row name={say("place", language)}>± {length(defect.sigma_major_m)} × {length(defect.sigma_minor_m)} m (1 σ)</Row>
        <Row name={say("evidence", language)}>{defect.hits} / {defect.passes} {say("hits_of", language)}</Row>
        {defect.repair && <Row name={say("repair", language)}>{defect.repair.text[language]}</Row>}
        {defect.repair?.by.name && <Row name={say("repaired_by", language)}>{defect.repair.by.name}</Row>}
        <Row name={say("seen", language)}><time dateTime={defect.last} title={exact(defect.last, language)}>{age(defect.last, language)}</time></Row>
      </dl>
      <Proof entry={newest} vkey={vkey} language={language} />
    </>
  );
}

function FeatureDetail({ feature, language, onDefect }: { feature: RoadFeature; language: Language; onDefect: (id: string) => void }) {
  return (
    <>
      <h2>{featureWords[feature.kind].sign} {feature[language]}</h2>
      <p class="explain">{say(feature.defect ? "feature_damaged" : "feature_stands", language)}</p>
      <dl>
        {feature.strength != null && <Row name={say("feature_strength", language)}>{feature.strength.toFixed(1)} ± {(feature.strength_mad ?? 0).toFixed(1)} {say("feature_times", language)}</Row>}
        <Row name={say("evidence", language)}>{feature.hits} / {feature.passes} {say("hits_of", language)}</Row>
        {feature.called_damage > 0 && <Row name={say("feature_called", language)}>{feature.called_damage} {say("feature_units", language)}</Row>}
        <Row name={say("place", language)}>± {length(feature.sigma_m)} m (1 σ)</Row>
        <Row name={say("seen", language)}><time dateTime={feature.last} title={exact(feature.last, language)}>{age(feature.last, language)}</time></Row>
      </dl>
      {feature.defect && <button onClick={() => onDefect(feature.defect!)}>{say("to_defect", language)}</button>}
    </>
  );
}

export function Detail({ chosen, language, vkey, onClose, onDefect }: { chosen: Chosen; language: Language; vkey: string; onClose: () => void; onDefect: (id: string) => void }) {
  const card = useRef<HTMLElement>(null);
  useEffect(() => card.current?.focus({ preventScroll: false }), [chosen.kind]);
  return (
    <section class="card detail" tabIndex={-1} ref={card} aria-live="polite">
      <button class="quiet close" onClick={onClose} aria-label={say("close", language)}>✕</button>
      {chosen.kind === "waiting" && <p>{say("loading", language)}</p>}
      {chosen.kind === "failed" && <p class="notice">{chosen.why}</p>}
      {chosen.kind === "cell" && <CellDetail cell={chosen.cell} vkey={vkey} language={language} onDefect={onDefect} />}
      {chosen.kind === "segment" && <SegmentDetail segment={chosen.segment} language={language} />}
      {chosen.kind === "feature" && <FeatureDetail feature={chosen.feature} language={language} onDefect={onDefect} />}
      {chosen.kind === "defect" && <DefectDetail defect={chosen.defect} vkey={vkey} language={language} />}
    </section>
  );
}
