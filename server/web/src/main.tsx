// The page: the answer first (in words, before the map library arrives), then the map, then what changes live.

import { render } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get, type Cell, type Change, type Code, type Config, type Defect, type LonLat, type Road, type Segment, type Summary } from "./api";
import { Answer, Legend, Roads } from "./answer";
import { LiveList } from "./live";
import { Detail, type Chosen } from "./detail";
import type { Picked, RoadMap } from "./map";
import { say, type Language } from "./words";
import "./style.css";

/** The map library comes while the answer is asked for; the page shows the answer without it. */
const library = import("./map");
const allCodes: Code[] = ["green", "yellow", "red", "grey"];

function firstLanguage(): Language {
  const kept = localStorage.getItem("language");
  if (kept === "zh" || kept === "en") return kept;
  return navigator.language.startsWith("zh") ? "zh" : "en";
}

function App() {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  const [config, setConfig] = useState<Config | null>(null);
  const [summary, setSummary] = useState<Summary | null>(null);
  const [roads, setRoads] = useState<Road[]>([]);
  const [changes, setChanges] = useState<Change[]>([]);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [shown, setShown] = useState(new Set(allCodes));
  const [areFeaturesShown, setAreFeaturesShown] = useState(false);
  const [isCoverageShown, setIsCoverageShown] = useState(false);
  const [isLive, setIsLive] = useState(true);
  const [isFailing, setIsFailing] = useState(false);
  const holder = useRef<HTMLDivElement>(null);
  const map = useRef<RoadMap | null>(null);
  const pending = useRef<Change[]>([]);
  const roadsDueMs = useRef(0);

  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.title = `${say("title", language)} · ${say("question", language)}`;
    localStorage.setItem("language", language);
    map.current?.speak(language);
  }, [language]);

  const readSummary = useCallback(async () => {
    try {
      const [c, s] = await Promise.all([get<Config>("/v1/config"), get<Summary>("/v1/summary")]);
      setConfig((old) => old ?? c);
      setSummary(s);
      setIsFailing(false);
      map.current?.divide(s.segments !== null);
      if (s.segments && Date.now() > roadsDueMs.current) {
        roadsDueMs.current = Date.now() + 5000; /* every road is summed up for it */
        setRoads((await get<{ items: Road[] }>("/v1/roads?limit=1000")).items);
      }
    } catch {
      setIsFailing(true);
      setTimeout(() => void readSummary(), 3000);
    }
  }, []);
  useEffect(() => void readSummary(), [readSummary]);

  const choose = useCallback(async (picked: Picked) => {
    if (picked.kind === "feature") {
      setChosen({ kind: "feature", feature: picked.feature });
      map.current?.choose(null);
      return;
    }
    setChosen({ kind: "waiting" });
    try {
      if (picked.kind === "defect") {
        const defect = await get<Defect>(`/v1/defects/${encodeURIComponent(picked.id)}`);
        setChosen({ kind: "defect", defect });
        map.current?.choose(defect.ellipse);
        return;
      }
      if (picked.kind === "segment") {
        const segment = await get<Segment>(`/v1/segments/${picked.key.split("/").map(encodeURIComponent).join("/")}`);
        setChosen({ kind: "segment", segment });
        map.current?.chooseLine(segment.geometry.coordinates);
        return;
      }
      const cell = await get<Cell>(picked.kind === "cell" ? `/v1/cells/${picked.id}` : `/v1/cells/at?lat=${picked.at[1]}&lon=${picked.at[0]}`);
      setChosen({ kind: "cell", cell });
      map.current?.choose(cell.polygon);
    } catch (error) {
      setChosen({ kind: "failed", why: error instanceof Error ? error.message : String(error) });
    }
  }, []);

  useEffect(() => {
    if (!config || !summary || map.current || !holder.current) return;
    const container = holder.current;
    void library.then(({ openMap }) => {
      map.current = openMap(container, config, language, summary.last_change, (picked) => void choose(picked));
      map.current.divide(summary.segments !== null);
    });
  }, [config, summary, language, choose]);

  useEffect(() => {
    const stream = new EventSource("/events");
    let timer: number | undefined;
    const flush = () => {
      timer = undefined;
      const news = pending.current;
      pending.current = [];
      const last = news[news.length - 1];
      if (!last) return;
      map.current?.show(last.change);
      const telling = news.filter((c) => c.cells.length > 0 || c.defects.length > 0 || (c.plain?.green ?? 0) > 0);
      setChanges((old) => [...telling.reverse(), ...old].slice(0, 60));
      void readSummary();
    };
    stream.addEventListener("change", (event) => {
      pending.current.push(JSON.parse((event as MessageEvent<string>).data) as Change);
      timer ??= window.setTimeout(flush, 700);
    });
    stream.addEventListener("reset", () => location.reload());
    stream.onopen = () => setIsLive(true);
    stream.onerror = () => setIsLive(false);
    return () => {
      stream.close();
      clearTimeout(timer);
    };
  }, [readSummary]);

  const toggle = (code: Code) => {
    const next = new Set(shown);
    if (!next.delete(code)) next.add(code);
    setShown(next);
    map.current?.filter(next);
  };
  const toggleFeatures = () => {
    setAreFeaturesShown(!areFeaturesShown);
    map.current?.showFeatures(!areFeaturesShown);
  };
  const toggleCoverage = () => {
    setIsCoverageShown(!isCoverageShown);
    map.current?.showCoverage(!isCoverageShown);
  };
  const close = () => {
    setChosen(null);
    map.current?.choose(null);
  };
  const fly = (to: LonLat) => map.current?.fly(to);

  return (
    <div class="page">
      <header>
        <h1>
          <img src="/icon.svg" alt="" width="28" height="28" /> {say("title", language)}
        </h1>
        <button class="quiet" onClick={() => setLanguage(language === "zh" ? "en" : "zh")} lang={language === "zh" ? "en" : "zh-CN"}>
          {say("other_language", language)}
        </button>
      </header>
      <div class="map" ref={holder} role="region" aria-label={say("map_label", language)} />
      <main class="side">
        {isFailing && <p class="notice" role="alert">{say("no_answer", language)}</p>}
        {chosen && <Detail chosen={chosen} language={language} vkey={config?.log_vkey ?? ""} onClose={close} onDefect={(id) => void choose({ kind: "defect", id })} />}
        <Answer summary={summary} language={language} isSimulated={config?.truth ?? false} />
        <Legend language={language} shown={shown} onToggle={toggle} hasTruth={config?.truth ?? false} hasSegments={!!summary?.segments} areFeaturesShown={areFeaturesShown} onFeatures={toggleFeatures} hasCoverage={config?.coverage ?? false} isCoverageShown={isCoverageShown} onCoverage={toggleCoverage} />
        {summary?.segments && <Roads roads={roads} language={language} />}
        <LiveList changes={changes} language={language} isLive={isLive} onGo={fly} />
      </main>
    </div>
  );
}

render(<App />, document.getElementById("app")!);
