// The far view: 100 m of road as lines, coloured by their score, with pattern and letter; what is unknown is an outline. Nearer
// than `near` single squares take over; where no segments are known they are drawn from far too.

import { type ExpressionSpecification, type FilterSpecification, type Map as LibreMap } from "maplibre-gl";
import type { Code } from "./api";
import type { Palette } from "./map";
import { codeWords, type Language } from "./words";

export const near = 15;
const layers = ["segments-unknown", "segments", "segments-dots", "segments-hatch", "segments-letters"] as const;
const codes: Code[] = ["grey", "green", "yellow", "red"];
const width: ExpressionSpecification = ["interpolate", ["exponential", 1.6], ["zoom"], 8, 1.5, 12, 3, 15, 9];

/** A rounded square, as in the legend; defects are round. */
function letterBox(letter: string, fill: string, line: string, isOutline: boolean): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 40;
  const pen = canvas.getContext("2d")!;
  pen.beginPath();
  pen.roundRect(4, 4, 32, 32, 7);
  pen.fillStyle = isOutline ? "rgba(255,255,255,0.9)" : fill;
  pen.fill();
  pen.lineWidth = 4;
  pen.strokeStyle = line;
  pen.stroke();
  pen.fillStyle = fill === "#d1372c" || fill === "#e5544a" ? "#ffffff" : "#14202a";
  pen.font = "bold 21px system-ui, 'Noto Sans SC', sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(letter, 20, 21);
  return pen.getImageData(0, 0, 40, 40);
}

export function addSegmentImages(map: LibreMap, colours: Palette, language: Language): void {
  for (const code of codes) {
    const name = `segment-${code}`;
    if (map.hasImage(name)) map.removeImage(name);
    map.addImage(name, letterBox(language === "zh" ? codeWords[code].letterZh : codeWords[code].letterEn, colours.fill[code], colours.line[code], code === "grey"), { pixelRatio: 2 });
  }
}

const isCode = (code: number): FilterSpecification => ["==", ["get", "code"], code];

/** Below the defects; the source "segments" is there already. */
export function addSegmentLayers(map: LibreMap, colours: Palette, before: string): void {
  const common = { type: "line", source: "segments", "source-layer": "segments", maxzoom: near } as const;
  map.addLayer({ ...common, id: "segments-unknown", filter: isCode(0),
    paint: { "line-color": colours.line.grey, "line-width": 1, "line-gap-width": width, "line-opacity": 0.7 } }, before);
  map.addLayer({ ...common, id: "segments", filter: ["!=", ["get", "code"], 0], layout: { "line-cap": "butt", "line-sort-key": ["get", "code"] },
    paint: { "line-width": width, "line-color": ["match", ["get", "code"], 1, colours.fill.green, 2, colours.fill.yellow, colours.fill.red] } }, before);
  map.addLayer({ ...common, id: "segments-dots", filter: isCode(2), layout: { "line-cap": "round" },
    paint: { "line-color": colours.line.yellow, "line-width": ["interpolate", ["exponential", 1.6], ["zoom"], 8, 0.5, 12, 1, 15, 3], "line-dasharray": [0.1, 4] } }, before);
  map.addLayer({ ...common, id: "segments-hatch", filter: isCode(3), layout: { "line-cap": "butt" },
    paint: { "line-color": colours.line.red, "line-width": width, "line-dasharray": [0.35, 0.65] } }, before);
  map.addLayer({ id: "segments-letters", type: "symbol", source: "segments", "source-layer": "segments", minzoom: 12.5, maxzoom: near, filter: ["!=", ["get", "code"], 1],
    layout: { "symbol-placement": "line-center", "icon-image": ["match", ["get", "code"], 2, "segment-yellow", 3, "segment-red", "segment-grey"], "icon-size": 0.8, "icon-rotation-alignment": "viewport",
      "symbol-sort-key": ["-", 0, ["get", "code"]], "icon-padding": 6 } }, before);
}

/** Whether segments are known at all: only then do the squares leave the far view to them. */
export function divideViews(map: LibreMap, hasSegments: boolean): void {
  for (const layer of ["cells", "cells-dots", "cells-hatch"]) {
    const least = hasSegments ? near : layer === "cells" ? 0 : layer === "cells-dots" ? 16 : 15;
    map.setLayerZoomRange(layer, layer === "cells-dots" ? Math.max(least, 16) : least, 24);
  }
  for (const layer of ["cells-few-dots", "cells-few-hatch"]) map.setLayerZoomRange(layer, 0, hasSegments ? 0 : 14);
  map.setLayerZoomRange("defects", hasSegments ? near : 0, 24); // from far they are counted in their segment
  for (const layer of layers) map.setLayoutProperty(layer, "visibility", hasSegments ? "visible" : "none");
}

export function filterSegments(map: LibreMap, shown: Set<Code>): void {
  const numbers = codes.map((c, i) => (shown.has(c) ? i : -1)).filter((i) => i > 0);
  map.setFilter("segments", ["in", ["get", "code"], ["literal", numbers]]);
  map.setFilter("segments-unknown", shown.has("grey") ? isCode(0) : ["==", 1, 2]);
  map.setFilter("segments-dots", shown.has("yellow") ? isCode(2) : ["==", 1, 2]);
  map.setFilter("segments-hatch", shown.has("red") ? isCode(3) : ["==", 1, 2]);
  map.setFilter("segments-letters", ["in", ["get", "code"], ["literal", [...numbers, ...(shown.has("grey") ? [0] : [])].filter((n) => n !== 1)]]);
}
