// The answer in five seconds: how much of the road was looked at, and how it is.

import type { Code, Road, Summary } from "./api";
import { age, codeWords, exact, metres, say, type Language } from "./words";

const order: Code[] = ["green", "yellow", "red"];

export function Letter({ code, language }: { code: Code; language: Language }) {
  const words = codeWords[code];
  return <span class={`letter ${code}`} aria-hidden="true">{language === "zh" ? words.letterZh : words.letterEn}</span>;
}

function Bar({ summary, language }: { summary: Summary; language: Language }) {
  const road = summary.road_m;
  const total = Math.max(1, road.red + road.yellow + road.green + road.grey);
  return (
    <div class="bar" role="img" aria-label={order.map((c) => `${codeWords[c][language]} ${Math.round((100 * road[c]) / total)} %`).join(", ")}>
      {order.map((c) => <span key={c} class={`part ${c}`} style={{ flexGrow: road[c] / total }} />)}
    </div>
  );
}

export function Answer({ summary, language, isSimulated }: { summary: Summary | null; language: Language; isSimulated: boolean }) {
  if (!summary) return <section class="card"><h2>{say("question", language)}</h2><p>{say("loading", language)}</p></section>;
  const road = summary.road_m;
  return (
    <section class="card answer">
      <h2>{say("question", language)}</h2>
      {isSimulated && <p class="tag">{say("simulated", language)}</p>}
      {road.covered <= 0 ? <p>{say("nothing_yet", language)}</p> : (
        <>
          <Bar summary={summary} language={language} />
          <ul class="shares">
            {order.map((c) => (
              <li key={c}><Letter code={c} language={language} /> <b>{metres(road[c], language)}</b> {codeWords[c][language]}</li>
            ))}
          </ul>
          <p>
            {say("covered", language)} <b>{metres(road.covered, language)}</b>
            {road.unplaced >= 1 && <span class="small"> · {metres(road.unplaced, language)} {say("unplaced", language)}</span>}
          </p>
          <p class="small" title={exact(summary.as_of, language)}>{say("as_of", language)}: {age(summary.as_of, language)}</p>
        </>
      )}
      <p class="facts">
        <span><b>{summary.defects.confirmed}</b> {say("confirmed", language)}</span>
        <span><b>{summary.defects.suspected}</b> {say("suspected", language)}</span>
        <span><b>{summary.entries}</b> {say("entries", language)}</span>
      </p>
      <p class="small">{say("click_hint", language)}</p>
    </section>
  );
}

const worstFirst: Record<Code, number> = { red: 0, yellow: 1, green: 2, grey: 3 };
const roadsShown = 8;

/** Each road with its grade, what of it is unknown, and what it loses its points to; the worst first. */
export function Roads({ roads, language }: { roads: Road[]; language: Language }) {
  const scored = roads.flatMap((road) => (road.score ? [{ road, score: road.score }] : []));
  scored.sort((a, b) => worstFirst[a.score.code] - worstFirst[b.score.code] || (a.score.pqi ?? a.score.pci ?? 101) - (b.score.pqi ?? b.score.pci ?? 101));
  return (
    <section class="card roads">
      <h2>{say("roads", language)}</h2>
      {scored.length === 0 ? <p class="small">{say("roads_none", language)}</p> : (
        <ul>
          {scored.slice(0, roadsShown).map(({ road, score }) => (
            <li key={road.id}>
              <a href={`/r/${encodeURIComponent(road.id)}`}>
                <Letter code={score.code} language={language} /> <b>{road.name}</b>
                {score.grade && <span class="grade"> {say("grade", language)} {score.grade}</span>}
                <span class="small"> · {say("unknown_share", language)} {Math.round(100 * score.unknown)} %</span>
              </a>
              <p class="small">{score.explanation[language].replace(/^[^:：]*[:：]\s*/, "")}</p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

export function Legend({ language, shown, onToggle, hasTruth, hasSegments, areFeaturesShown, onFeatures, hasCoverage, isCoverageShown, onCoverage }: { language: Language; shown: Set<Code>; onToggle: (code: Code) => void; hasTruth: boolean; hasSegments: boolean; areFeaturesShown: boolean; onFeatures: () => void; hasCoverage: boolean; isCoverageShown: boolean; onCoverage: () => void }) {
  return (
    <section class="card">
      <h2>{say("legend", language)}</h2>
      <ul class="legend">
        {(["green", "yellow", "red", "grey"] as Code[]).map((c) => (
          <li key={c}>
            <button class="filter" aria-pressed={shown.has(c)} onClick={() => onToggle(c)}>
              <Letter code={c} language={language} /> {codeWords[c][language]}
            </button>
          </li>
        ))}
      </ul>
      <button class="layer" aria-pressed={areFeaturesShown} onClick={onFeatures}>{say("legend_features", language)}</button>
      {hasCoverage && <button class="layer" aria-pressed={isCoverageShown} onClick={onCoverage}>{say("legend_coverage", language)}</button>}
      {isCoverageShown && <p class="small">{say("legend_coverage_lines", language)}</p>}
      {hasSegments && <p class="small">{say("legend_far", language)}</p>}
      <p class="small">{say("legend_defect", language)}</p>
      {hasTruth && <p class="small">{say("legend_truth", language)}</p>}
    </section>
  );
}
