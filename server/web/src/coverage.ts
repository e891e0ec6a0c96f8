// How old what is known is, each direction of each road as a line: thin where it is on time, the more broken the older; and the
// drive that would help most. Off until asked for. Never colour alone: width and dashes say the same.

import { type ExpressionSpecification, type GeoJSONSource, type Map as LibreMap } from "maplibre-gl";
import type { Palette } from "./map";

const leastZoom = 12; // below, a view holds more lines than it has pixels
const driveKm = 20;
const states = ["on_time", "late", "stale", "never"] as const;
const blue = "#2f6fb3";
const width: ExpressionSpecification = ["interpolate", ["exponential", 1.6], ["zoom"], 12, 1.5, 16, 4, 20, 12];
const looks: Record<(typeof states)[number], { dash: number[] | null; opacity: number }> = {
  on_time: { dash: null, opacity: 0.45 },
  late: { dash: [4, 1], opacity: 0.9 },
  stale: { dash: [2, 2], opacity: 0.9 },
  never: { dash: [0.5, 2], opacity: 1 },
};
const empty = { type: "FeatureCollection" as const, features: [] };

const layerOf = (state: string) => `coverage-${state}`;

export function addCoverageLayers(map: LibreMap, colours: Palette, before: string): void {
  map.addSource("coverage", { type: "geojson", data: empty });
  map.addSource("drive", { type: "geojson", data: empty });
  map.addLayer({ id: "drive", type: "line", source: "drive", layout: { visibility: "none", "line-join": "round", "line-cap": "round" },
    paint: { "line-color": colours.ink, "line-opacity": 0.35, "line-width": ["interpolate", ["exponential", 1.6], ["zoom"], 10, 3, 16, 12, 20, 30] } }, before);
  for (const state of states) {
    const look = looks[state];
    map.addLayer({ id: layerOf(state), type: "line", source: "coverage", minzoom: leastZoom, filter: ["==", ["get", "state"], state], layout: { visibility: "none" },
      paint: { "line-color": blue, "line-width": width, "line-opacity": look.opacity, ...(look.dash ? { "line-dasharray": look.dash } : {}) } }, before);
  }
}

/** Lines of what is in view, and the drive. */
export function readCoverage(map: LibreMap): void {
  map.getSource<GeoJSONSource>("drive")?.setData(`${location.origin}/v1/coverage/next?format=geojson&km=${driveKm}`);
  if (map.getZoom() < leastZoom) return;
  const b = map.getBounds();
  const box = [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()].map((d) => d.toFixed(6)).join(",");
  map.getSource<GeoJSONSource>("coverage")?.setData(`${location.origin}/v1/coverage?format=geojson&bbox=${box}`);
}

export function showCoverage(map: LibreMap, isShown: boolean): void {
  for (const layer of ["drive", ...states.map(layerOf)]) map.setLayoutProperty(layer, "visibility", isShown ? "visible" : "none");
}
