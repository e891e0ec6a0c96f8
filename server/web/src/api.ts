// What the server answers, as docs/api.md says it.

export type Code = "red" | "yellow" | "green" | "grey";
export type Both = { en: string; zh: string };
export type LonLat = [number, number];

export interface RoadMetres { covered: number; red: number; yellow: number; green: number; grey: number; unplaced: number }
export interface Config {
  district: string;
  zone: { meridian_deg: number; is_south: boolean };
  bounds: [number, number, number, number];
  log_origin: string;
  log_vkey: string;
  truth: boolean;
  coverage: boolean;
}
export interface Summary {
  road_m: RoadMetres;
  cells: Record<Code, number> & { level0: number };
  defects: { suspected: number; confirmed: number; dropped: number; repaired: number };
  features: { registered: number; retired: number; called_damage: number };
  entries: number;
  as_of: string | null;
  changes: number;
  last_change: number;
  segments: { red: number; yellow: number; green: number; grey: number; unknown: number } | null;
}
/** What 100 m segments and whole roads have in common. */
export interface Score {
  code: Code; why: string; grade: string | null; pci: number | null; rqi: number | null; pqi: number | null;
  unknown: number; red_hazards: number; top: { type: string; en: string; zh: string; share: number }[];
  seen: string | null; explanation: Both;
}
export interface Segment extends Score {
  way: string; road: string; class: string; backward: boolean; index: number; length_m: number; passes: number;
  geometry: { coordinates: LonLat[] };
}
export interface Road { id: string; name: string; class: string; length_m: number; bounds: [number, number, number, number]; score: (Score & { segments: number }) | null }
export interface EntryRef { index: number; leaf_hash: string }
export interface Cell {
  id: string; human: string; level: number; size_m: number;
  code: Code; letter: Both; word: Both; pale: boolean; channel: string; explain: Both;
  polygon: LonLat[]; seen: string | null; coverage: number | null; csi: number | null; iri: number | null;
  passes: number | null; hits: number; defects: string[]; entry: EntryRef | null;
}
export interface Defect {
  id: string; state: "suspected" | "confirmed" | "dropped" | "alias" | "repaired"; alias_of: string | null;
  type: { id: number; code: string; en: string; zh: string };
  severity: string; code: Code; position: LonLat; sigma_major_m: number; sigma_minor_m: number;
  ellipse: LonLat[]; probability: number; size: { value: number; sigma: number; unit: string } | null;
  hits: number; passes: number; motion_hits: number; camera_hits: number;
  first: string; last: string; explain: Both; cell: string; entries: EntryRef[];
  repair: Repair | null; verdicts: Verdict[];
}
/** What became of the last word that it was repaired. */
export interface Repair {
  stage: "claimed" | "verified" | "reopened"; cause: string; claimed: string; by: { kid: string; name: string | null };
  settled: string | null; passes: number; passes_needed: number; miss: number; text: Both;
}
export interface Verdict { kind: string; state: string; reason: string | null; time: string; by: string; entry: number | null; note: string | null }
export type FeatureKind = "speed_bump" | "speed_hump" | "joint" | "rail" | "manhole" | "studs" | "kerb";
/** The properties of a feature of /v1/features. */
export interface RoadFeature {
  id: string; kind: FeatureKind; en: string; zh: string; state: string; probability: number; sigma_m: number;
  strength: number | null; strength_mad: number | null; hits: number; passes: number; called_damage: number;
  defect: string | null; first: string; last: string;
}
export interface Change {
  change: number; gateway: string; as_of: string;
  cells: { id: string; level: number; code: Code; was: Code; center: LonLat }[];
  cells_more?: number;
  /** Squares that only passes speak of: told, and those whose code became green or grey; where the first of these lies. */
  plain?: { squares: number; green: number; grey: number; center: LonLat | null };
  defects: { id: string; state: string; type: string; severity: string; code: Code; position: LonLat }[];
  road_m: RoadMetres;
}

export async function get<T>(path: string): Promise<T> {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  if (!response.ok) {
    const body = (await response.json().catch(() => null)) as { error?: string } | null;
    throw new Error(body?.error ?? `${response.status} ${response.statusText}`);
  }
  return (await response.json()) as T;
}
