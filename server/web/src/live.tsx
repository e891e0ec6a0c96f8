// What changed, in words, newest first: for screen readers and for people who look away.

import type { Change, Code, LonLat } from "./api";
import { age, codeWords, exact, say, type Language } from "./words";
import { Letter } from "./answer";

const types: Record<string, { zh: string; en: string }> = {
  pothole: { zh: "坑洞", en: "Pothole" },
  subsidence: { zh: "沉陷", en: "Subsidence" },
  shoving: { zh: "拥包", en: "Corrugation" },
  manhole_level: { zh: "路框差", en: "Manhole level" },
  manhole_cover: { zh: "井盖缺损", en: "Manhole cover" },
  joint_fault: { zh: "错台", en: "Step" },
  patch_failure: { zh: "修补损坏", en: "Failed patch" },
};
const states: Record<string, { zh: string; en: string }> = {
  suspected: { zh: "待核实", en: "suspected" },
  confirmed: { zh: "已确认", en: "confirmed" },
  repaired: { zh: "已修复", en: "repaired" },
  dropped: { zh: "已消除", en: "no longer believed" },
  alias: { zh: "已合并", en: "merged" },
};
const becoming: Code[] = ["red", "yellow", "green"];

interface Line { key: string; code: Code; text: string; at: LonLat; when: string }

function lines(change: Change, language: Language): Line[] {
  const result: Line[] = change.defects.map((d) => ({
    key: `${change.change}-${d.id}`, code: d.code, at: d.position, when: change.as_of,
    text: `${types[d.type]?.[language] ?? d.type} · ${states[d.state]?.[language] ?? d.state}`,
  }));
  for (const code of becoming) {
    const moved = change.cells.filter((c) => c.code === code && c.was !== code);
    const plain = code === "green" ? (change.plain?.green ?? 0) : 0;
    const at = moved[0]?.center ?? (plain > 0 ? change.plain?.center : undefined);
    if (at) result.push({ key: `${change.change}-${code}`, code, at, when: change.as_of,
      text: `${moved.length + plain} ${say("cells_became", language)}${language === "zh" ? "" : " "}${codeWords[code][language]}` });
  }
  return result;
}

export function LiveList({ changes, language, isLive, onGo }: { changes: Change[]; language: Language; isLive: boolean; onGo: (to: LonLat) => void }) {
  const rows = changes.flatMap((c) => lines(c, language)).slice(0, 40);
  return (
    <section class="card live">
      <h2>{say("live", language)}</h2>
      {!isLive && <p class="notice" role="status">{say("offline", language)}</p>}
      {rows.length === 0 && <p>{say("no_changes", language)}</p>}
      <ul aria-live="polite">
        {rows.map((row) => (
          <li key={row.key}>
            <button class="row" onClick={() => onGo(row.at)}>
              <Letter code={row.code} language={language} /> <span>{row.text}</span>
              <time dateTime={row.when} title={exact(row.when, language)}>{age(row.when, language)}</time>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
