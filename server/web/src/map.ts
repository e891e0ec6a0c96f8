// The map: our own roads as base, cells and defects as vector tiles, truth beside belief in a simulated demo. Never colour
// alone: yellow carries dots, red a hatch, defects a letter. What merely stands on the road (bumps, joints, covers) is a quiet
// layer of named labels, off until asked for.

import maplibregl, { type ExpressionSpecification, type FilterSpecification, type Map as LibreMap } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import type { Code, Config, FeatureKind, LonLat, RoadFeature } from "./api";
import { addSegmentImages, addSegmentLayers, divideViews, filterSegments, near } from "./segments";
import { addCoverageLayers, readCoverage, showCoverage } from "./coverage";
import { codeWords, featureWords, type Language } from "./words";

maplibregl.prewarm(); // its worker starts while the page still asks for the answer

export interface Palette { fill: Record<Code, string>; line: Record<Code, string>; ground: string; road: string; ink: string }

const light: Palette = {
  fill: { green: "#2e9e5b", yellow: "#f2b705", red: "#d1372c", grey: "#9aa3ab" },
  line: { green: "#1c6b3c", yellow: "#8a6700", red: "#8c1d15", grey: "#5d666e" },
  ground: "#f4f3ef", road: "#dcdad2", ink: "#1f2a33",
};
const dark: Palette = {
  fill: { green: "#37b26b", yellow: "#f5c518", red: "#e5544a", grey: "#6f7880" },
  line: { green: "#9be0b8", yellow: "#ffe48a", red: "#ffb3ad", grey: "#b8c0c7" },
  ground: "#15191d", road: "#2b3238", ink: "#e8ecef",
};

export function palette(): Palette {
  return matchMedia("(prefers-color-scheme: dark)").matches ? dark : light;
}

const codes: Code[] = ["grey", "green", "yellow", "red"];

function byCode(colours: Record<Code, string>): ExpressionSpecification {
  return ["match", ["get", "code"], 1, colours.green, 2, colours.yellow, 3, colours.red, colours.grey];
}

/** A colour laid over the ground with some opacity, as an opaque one: squares overlap by a hair, and that must not show. */
function over(colour: string, ground: string, opacity: number): string {
  const part = (hex: string, i: number) => parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16);
  return `rgb(${[0, 1, 2].map((i) => Math.round(opacity * part(colour, i) + (1 - opacity) * part(ground, i))).join(",")})`;
}

function shades(colours: Palette, opacity: number): Record<Code, string> {
  const { fill, ground } = colours;
  return { green: over(fill.green, ground, opacity), yellow: over(fill.yellow, ground, opacity), red: over(fill.red, ground, opacity), grey: over(fill.grey, ground, 0.15) };
}

/** Full, pale, or, for squares of 64 m and more that are nearly all green, green: their few bad places are a pattern on it. */
const isMostlyGreen: ExpressionSpecification = ["all", [">=", ["get", "level"], 6], [">", ["to-number", ["get", "green"], 0], 0.9]];
function squareColour(colours: Palette): ExpressionSpecification {
  const full = shades(colours, 0.8);
  return ["case", isMostlyGreen, full.green, ["to-boolean", ["get", "pale"]], byCode(shades(colours, 0.45)), byCode(full)];
}

function pattern(draw: (pen: CanvasRenderingContext2D) => void): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 16;
  const pen = canvas.getContext("2d")!;
  draw(pen);
  return pen.getImageData(0, 0, 16, 16);
}

function badge(letter: string, fill: string, line: string, isFilled: boolean): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 56;
  const pen = canvas.getContext("2d")!;
  pen.beginPath();
  pen.arc(28, 28, 22, 0, 2 * Math.PI);
  pen.fillStyle = isFilled ? fill : "rgba(255,255,255,0.85)";
  pen.fill();
  pen.lineWidth = 5;
  pen.strokeStyle = line;
  if (!isFilled) pen.setLineDash([9, 6]);
  pen.stroke();
  pen.fillStyle = isFilled && fill !== "#f2b705" && fill !== "#f5c518" ? "#ffffff" : "#1f2a33";
  pen.font = "bold 26px system-ui, 'Noto Sans SC', sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(letter, 28, 30);
  return pen.getImageData(0, 0, 56, 56);
}

/** A small label: a sign and the name in words. */
function label(text: string, colours: Palette): ImageData {
  const canvas = document.createElement("canvas");
  const font = "24px system-ui, 'Noto Sans SC', sans-serif";
  let pen = canvas.getContext("2d")!;
  pen.font = font;
  const width = Math.ceil(pen.measureText(text).width) + 28;
  canvas.width = width;
  canvas.height = 40;
  pen = canvas.getContext("2d")!;
  pen.beginPath();
  pen.roundRect(2, 2, width - 4, 36, 8);
  pen.fillStyle = colours.ground;
  pen.fill();
  pen.lineWidth = 2;
  pen.strokeStyle = colours.line.grey;
  pen.stroke();
  pen.fillStyle = colours.ink;
  pen.font = font;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, width / 2, 21);
  return pen.getImageData(0, 0, width, 40);
}

function addImages(map: LibreMap, colours: Palette, language: Language): void {
  const put = (name: string, image: ImageData, pixelRatio: number) => {
    if (map.hasImage(name)) map.removeImage(name);
    map.addImage(name, image, { pixelRatio });
  };
  put("dots", pattern((pen) => {
    pen.fillStyle = colours.line.yellow;
    for (const [x, y] of [[4, 4], [12, 12]] as const) pen.fillRect(x - 1, y - 1, 3, 3);
  }), 2);
  put("hatch", pattern((pen) => {
    pen.strokeStyle = colours.line.red;
    pen.lineWidth = 2;
    for (const offset of [-8, 0, 8]) {
      pen.beginPath();
      pen.moveTo(offset, 16);
      pen.lineTo(offset + 16, 0);
      pen.stroke();
    }
  }), 2);
  for (const code of codes) {
    const letter = language === "zh" ? codeWords[code].letterZh : codeWords[code].letterEn;
    put(`confirmed-${code}`, badge(letter, colours.fill[code], colours.line[code], true), 2);
    put(`suspected-${code}`, badge(letter, colours.fill[code], colours.line[code], false), 2);
  }
  addSegmentImages(map, colours, language);
  for (const kind of Object.keys(featureWords) as FeatureKind[])
    put(`feature-${kind}`, label(`${featureWords[kind].sign} ${featureWords[kind][language]}`, colours), 2);
}

const empty = { type: "FeatureCollection" as const, features: [] };

function addSources(map: LibreMap, config: Config, version: number): void {
  const tiles = (layer: string) => [`${location.origin}/tiles/${layer}/{z}/{x}/{y}.mvt?v=${version}`];
  map.addSource("roads", { type: "vector", tiles: tiles("roads"), maxzoom: 18 });
  map.addSource("cells", { type: "vector", tiles: tiles("cells"), maxzoom: 19, promoteId: "id" });
  map.addSource("defects", { type: "vector", tiles: tiles("defects"), minzoom: 13, maxzoom: 19 });
  map.addSource("segments", { type: "vector", tiles: tiles("segments"), minzoom: 8, maxzoom: near });
  map.addSource("features", { type: "geojson", data: empty });
  map.addSource("chosen", { type: "geojson", data: empty });
  if (config.truth) map.addSource("truth", { type: "geojson", data: "/v1/truth" });
}

/** Pixels for a metre at zoom 22 of 512 px tiles: the world is 40,075 km around. */
function pixelsPerMetre(lat: number): number {
  return (512 * 2 ** 22) / (40075016.7 * Math.cos((lat * Math.PI) / 180));
}

function addLayers(map: LibreMap, config: Config, colours: Palette): void {
  const middle = (config.bounds[1] + config.bounds[3]) / 2;
  map.addLayer({ id: "roads", type: "line", source: "roads", "source-layer": "roads", layout: { "line-cap": "round" },
    paint: { "line-color": colours.road, "line-width": ["interpolate", ["exponential", 2], ["zoom"], 12, 1.5, 17, 14, 22, 450] } });
  map.addLayer({ id: "cells", type: "fill", source: "cells", "source-layer": "cells",
    paint: { "fill-color": squareColour(colours), "fill-antialias": false } });
  for (const [code, image] of [[2, "dots"], [3, "hatch"]] as const)
    map.addLayer({ id: `cells-few-${image}`, type: "fill", source: "cells", "source-layer": "cells", maxzoom: 14, filter: ["all", isMostlyGreen, ["==", ["get", "code"], code]], paint: { "fill-pattern": image } });
  map.addLayer({ id: "cells-dots", type: "fill", source: "cells", "source-layer": "cells", minzoom: 16, filter: ["==", ["get", "code"], 2], paint: { "fill-pattern": "dots" } });
  map.addLayer({ id: "cells-hatch", type: "fill", source: "cells", "source-layer": "cells", minzoom: 15, filter: ["==", ["get", "code"], 3], paint: { "fill-pattern": "hatch" } });
  map.addLayer({ id: "cells-line", type: "line", source: "cells", "source-layer": "cells", minzoom: 19, paint: { "line-color": byCode(colours.line), "line-width": 0.5, "line-opacity": 0.6 } });
  if (config.truth)
    map.addLayer({ id: "truth", type: "symbol", source: "truth", minzoom: 15, layout: { "icon-image": "cross", "icon-allow-overlap": true } });
  map.addLayer({ id: "features", type: "symbol", source: "features", minzoom: 14, layout: { visibility: "none", "icon-image": ["concat", "feature-", ["get", "kind"]],
    "icon-size": ["interpolate", ["linear"], ["zoom"], 14, 0.6, 18, 1], "icon-anchor": "bottom", "icon-offset": [0, -14] }, paint: { "icon-opacity": 0.9 } });
  map.addLayer({ id: "sigma", type: "circle", source: "defects", "source-layer": "defects", minzoom: 16,
    paint: { "circle-color": "rgba(0,0,0,0)", "circle-stroke-width": 1.5, "circle-stroke-color": colours.ink, "circle-stroke-opacity": 0.55,
      "circle-radius": ["interpolate", ["exponential", 2], ["zoom"], 13, ["*", ["get", "sigma_m"], pixelsPerMetre(middle) / 2 ** 9], 22, ["*", ["get", "sigma_m"], pixelsPerMetre(middle)]] } });
  map.addLayer({ id: "defects", type: "symbol", source: "defects", "source-layer": "defects", filter: ["in", ["get", "state"], ["literal", ["suspected", "confirmed"]]],
    layout: { "icon-image": ["concat", ["get", "state"], "-", ["match", ["to-string", ["get", "code"]], ["1", "green"], "green", ["2", "yellow"], "yellow", ["3", "red"], "red", "grey"]],
      "icon-size": ["interpolate", ["linear"], ["zoom"], 13, 0.45, 17, 0.8, 20, 1], "icon-allow-overlap": true, "symbol-sort-key": ["case", ["==", ["get", "state"], "confirmed"], 1, 0] } });
  addSegmentLayers(map, colours, config.truth ? "truth" : "features");
  addCoverageLayers(map, colours, config.truth ? "truth" : "features");
  map.addLayer({ id: "chosen-fill", type: "fill", source: "chosen", paint: { "fill-color": colours.ink, "fill-opacity": 0.12 } });
  map.addLayer({ id: "chosen", type: "line", source: "chosen", paint: { "line-color": colours.ink, "line-width": 3 } });
}

function cross(colours: Palette): ImageData {
  return pattern((pen) => {
    pen.strokeStyle = colours.ink;
    pen.lineWidth = 2.5;
    pen.beginPath();
    pen.moveTo(2, 2); pen.lineTo(14, 14); pen.moveTo(14, 2); pen.lineTo(2, 14);
    pen.stroke();
  });
}

export interface RoadMap {
  show(version: number): void;
  divide(hasSegments: boolean): void;
  choose(outline: LonLat[] | null): void;
  chooseLine(line: LonLat[]): void;
  filter(shown: Set<Code>): void;
  showFeatures(areShown: boolean): void;
  showCoverage(isShown: boolean): void;
  speak(language: Language): void;
  fly(to: LonLat): void;
}

export type Picked = { kind: "defect"; id: string } | { kind: "feature"; feature: RoadFeature } | { kind: "cell"; id: string } | { kind: "segment"; key: string } | { kind: "place"; at: LonLat };

export function openMap(container: HTMLElement, config: Config, language: Language, version: number, onPick: (picked: Picked) => void): RoadMap {
  const colours = palette();
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = new maplibregl.Map({
    container, bounds: config.bounds, fitBoundsOptions: { padding: 24 }, maxZoom: 21.9, minZoom: 3, attributionControl: false, dragRotate: false, fadeDuration: 0,
    style: { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": colours.ground } }] },
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibregl.ScaleControl({}), "bottom-left");
  map.addControl(new maplibregl.GeolocateControl({ trackUserLocation: true }), "top-right");
  Object.assign(globalThis, { roadMap: map }); // a handle for tests and for the curious
  const ready = new Promise<void>((resolve) => {
    map.on("load", () => {
      addImages(map, colours, language);
      map.addImage("cross", cross(colours), { pixelRatio: 1 });
      addSources(map, config, version);
      addLayers(map, config, colours);
      divideViews(map, false);
      resolve();
    });
  });
  map.on("click", (event) => {
    const at = event.point;
    const box: [[number, number], [number, number]] = [[at.x - 10, at.y - 10], [at.x + 10, at.y + 10]];
    const defect = map.getLayer("defects") ? map.queryRenderedFeatures(box, { layers: ["defects"] })[0] : undefined;
    if (defect) return onPick({ kind: "defect", id: String(defect.properties.id) });
    const feature = map.getLayer("features") ? map.queryRenderedFeatures(box, { layers: ["features"] })[0] : undefined;
    if (feature) return onPick({ kind: "feature", feature: feature.properties as RoadFeature });
    const segment = map.getLayer("segments") && map.getZoom() < near ? map.queryRenderedFeatures(box, { layers: ["segments", "segments-unknown"] })[0] : undefined;
    if (segment) return onPick({ kind: "segment", key: String(segment.properties.key) });
    const cell = map.getLayer("cells") ? map.queryRenderedFeatures(at, { layers: ["cells"] })[0] : undefined;
    if (cell?.properties.id !== undefined) return onPick({ kind: "cell", id: String(cell.properties.id) }); // others are many squares at once
    return onPick({ kind: "place", at: [event.lngLat.lng, event.lngLat.lat] });
  });
  let areFeaturesShown = false;
  const readFeatures = () => {
    if (!areFeaturesShown || map.getZoom() < 14) return;
    const b = map.getBounds();
    const box = [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()].map((d) => d.toFixed(6)).join(",");
    map.getSource<maplibregl.GeoJSONSource>("features")?.setData(`${location.origin}/v1/features?limit=1000&bbox=${box}`);
  };
  map.on("moveend", readFeatures);
  let isCoverageShown = false;
  const renewCoverage = () => {
    if (isCoverageShown) readCoverage(map);
  };
  map.on("moveend", renewCoverage);
  return {
    showFeatures: (areShown) => void ready.then(() => {
      areFeaturesShown = areShown;
      map.setLayoutProperty("features", "visibility", areShown ? "visible" : "none");
      readFeatures();
    }),
    showCoverage: (isShown) => void ready.then(() => {
      isCoverageShown = isShown;
      showCoverage(map, isShown);
      renewCoverage();
    }),
    show: (v) => void ready.then(() => {
      readFeatures();
      renewCoverage();
      for (const layer of ["cells", "defects", "segments"]) {
        const source = map.getSource<maplibregl.VectorTileSource>(layer);
        source?.setTiles([`${location.origin}/tiles/${layer}/{z}/{x}/{y}.mvt?v=${v}`]);
      }
    }),
    divide: (hasSegments) => void ready.then(() => divideViews(map, hasSegments)),
    chooseLine: (line) => void ready.then(() => {
      map.getSource<maplibregl.GeoJSONSource>("chosen")?.setData({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: line } });
    }),
    choose: (outline) => void ready.then(() => {
      map.getSource<maplibregl.GeoJSONSource>("chosen")?.setData(outline ? { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [outline] } } : empty);
    }),
    filter: (shown) => void ready.then(() => {
      const numbers = codes.map((c, i) => (shown.has(c) ? i : -1)).filter((i) => i >= 0);
      const only: FilterSpecification = ["in", ["get", "code"], ["literal", numbers]];
      map.setFilter("cells", only);
      map.setFilter("cells-line", only);
      for (const layer of ["cells-dots", "cells-few-dots"]) map.setLayoutProperty(layer, "visibility", shown.has("yellow") ? "visible" : "none");
      for (const layer of ["cells-hatch", "cells-few-hatch"]) map.setLayoutProperty(layer, "visibility", shown.has("red") ? "visible" : "none");
      filterSegments(map, shown);
    }),
    speak: (l) => void ready.then(() => addImages(map, colours, l)),
    fly: (to) => void ready.then(() => (calm ? map.jumpTo({ center: to, zoom: 18.5 }) : map.flyTo({ center: to, zoom: 18.5, duration: 600 }))),
  };
}
