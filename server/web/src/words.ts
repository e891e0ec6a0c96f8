// Every sentence a person reads, once in Chinese and once in English.

import type { Code, FeatureKind } from "./api";

export type Language = "zh" | "en";

const table = {
  title: { zh: "智慧路长", en: "Road Chief" },
  question: { zh: "这里的路好不好？", en: "How is the road here?" },
  other_language: { zh: "English", en: "中文" },
  loading: { zh: "正在读取…", en: "Reading…" },
  no_answer: { zh: "服务器没有回答。几秒后自动重试。", en: "The server does not answer. Trying again in a few seconds." },
  nothing_yet: { zh: "还没有车辆走过这里的路。", en: "No vehicle has driven these roads yet." },
  covered: { zh: "已看过的路", en: "Road looked at" },
  unplaced: { zh: "定位不够准、未计入", en: "not counted: position too uncertain" },
  as_of: { zh: "最近一次经过", en: "Last pass" },
  confirmed: { zh: "已确认病害", en: "confirmed defects" },
  suspected: { zh: "待核实", en: "suspected" },
  repaired: { zh: "已修复", en: "repaired" },
  repair: { zh: "修复", en: "repair" },
  repaired_by: { zh: "修复方", en: "repaired by" },
  entries: { zh: "条存证", en: "ledger entries" },
  legend: { zh: "图例（点按筛选）", en: "Legend (tap to filter)" },
  legend_defect: { zh: "实心：已确认 · 空心：待核实 · 圈：位置误差", en: "filled: confirmed · hollow: suspected · ring: position error" },
  legend_truth: { zh: "十字：模拟的真实位置", en: "cross: true place (simulated)" },
  legend_far: { zh: "远看：每 100 米一段的评分（A 至 D 级）· 近看：每平方米一格", en: "from far: 100 m of road by its score (grades A to D) · near: single squares" },
  segment: { zh: "路段", en: "100 m of road" },
  grade: { zh: "等级", en: "grade" },
  unknown_share: { zh: "未知", en: "unknown" },
  passes: { zh: "经过", en: "passes" },
  times: { zh: "次", en: "" },
  surface_pci: { zh: "路面 PCI", en: "surface PCI" },
  ride_rqi: { zh: "平整度 RQI", en: "ride RQI" },
  together_pqi: { zh: "综合 PQI", en: "together PQI" },
  roads: { zh: "各条道路", en: "Roads" },
  roads_none: { zh: "还没有道路有足够的观测。", en: "No road has been observed enough yet." },
  roads_more: { zh: "全部道路", en: "All roads" },
  road_page: { zh: "道路页面", en: "Page of the road" },
  legend_coverage: { zh: "多久没看过（计划周期）与建议路线", en: "How long unseen (against the plan), and what to drive next" },
  legend_coverage_lines: { zh: "实线：按时 · 长虚线：已迟 · 短虚线：过期 · 点线：从未看过 · 粗线：建议先走的 20 公里（放大看各路）", en: "solid: on time · long dashes: late · short dashes: stale · dots: never · broad: the 20 km to drive next (zoom in for the lines)" },
  legend_features: { zh: "减速带、伸缩缝、井盖等（不是病害）", en: "Bumps, joints, covers … (no damage)" },
  feature_stands: { zh: "本来就在路上，不是病害；颠簸明显变大时才报警。", en: "Part of the road, no damage; it alarms when it shakes cars much more than before." },
  feature_damaged: { zh: "颠簸明显变大，已按病害处理。", en: "It shakes cars much more than before and is handled as a defect." },
  feature_strength: { zh: "颠簸强度（时速 40 公里）", en: "shakes cars (at 40 km/h)" },
  feature_times: { zh: "倍于平常", en: "times the usual" },
  feature_called: { zh: "被误认作病害", en: "taken for damage" },
  feature_units: { zh: "次", en: "times" },
  to_defect: { zh: "查看病害", en: "See the defect" },
  simulated: { zh: "演示：车辆与道路为模拟，真值可见", en: "Demo on simulated drives; the truth is shown" },
  live: { zh: "实时变化", en: "Live changes" },
  no_changes: { zh: "暂无变化。新的变化会出现在这里。", en: "No change yet. New ones appear here." },
  offline: { zh: "连接中断，正在重连…", en: "Connection lost, reconnecting…" },
  close: { zh: "关闭", en: "Close" },
  cell: { zh: "格", en: "cell" },
  known_at: { zh: "已知精度", en: "known at" },
  square: { zh: "米见方", en: "m square" },
  seen: { zh: "最近看到", en: "last seen" },
  evidence: { zh: "证据", en: "evidence" },
  hits_of: { zh: "次测到 / 经过", en: "sightings / passes" },
  size: { zh: "大小", en: "size" },
  place: { zh: "位置误差", en: "position error" },
  probability: { zh: "可信度", en: "probability" },
  ride: { zh: "平整度 IRI", en: "roughness IRI" },
  surface: { zh: "路面指数 CSI", en: "surface index CSI" },
  coverage: { zh: "覆盖", en: "coverage" },
  record: { zh: "存证", en: "record" },
  no_record: { zh: "尚无存证条目", en: "no entry yet" },
  check: { zh: "核验此存证", en: "Check this record" },
  checking: { zh: "核验中…", en: "Checking…" },
  check_good: { zh: "核验通过：此条目在公开账本中，未被改动", en: "It checks: the entry is in the public log, unchanged" },
  check_bad: { zh: "核验失败", en: "It does not check" },
  defects_here: { zh: "此处病害", en: "defects here" },
  pale: { zh: "覆盖较少", en: "thinly covered" },
  became: { zh: "变为", en: "became" },
  cells_became: { zh: "格变为", en: "cells became" },
  click_hint: { zh: "点按地图上的任意一格，看它为什么是这个颜色。", en: "Tap any square on the map to see why it has its colour." },
  map_label: { zh: "道路健康地图", en: "Map of road health" },
  just_now: { zh: "刚刚", en: "just now" },
} as const;

export type Word = keyof typeof table;

export function say(word: Word, language: Language): string {
  return table[word][language];
}

export const codeWords: Record<Code, { zh: string; en: string; letterZh: string; letterEn: string }> = {
  red: { zh: "不健康", en: "unhealthy", letterZh: "红", letterEn: "R" },
  yellow: { zh: "亚健康", en: "needs care", letterZh: "黄", letterEn: "Y" },
  green: { zh: "健康", en: "healthy", letterZh: "绿", letterEn: "G" },
  grey: { zh: "未知", en: "unknown", letterZh: "灰", letterEn: "?" },
};

export const featureWords: Record<FeatureKind, { zh: string; en: string; sign: string }> = {
  speed_bump: { zh: "减速带", en: "Speed bump", sign: "⌒" },
  speed_hump: { zh: "减速丘", en: "Speed hump", sign: "▬" },
  joint: { zh: "伸缩缝", en: "Joint", sign: "‖" },
  rail: { zh: "道口", en: "Rails", sign: "╫" },
  manhole: { zh: "井盖", en: "Cover", sign: "◎" },
  studs: { zh: "振动标线", en: "Studs", sign: "⋯" },
  kerb: { zh: "路缘石", en: "Kerb", sign: "⌐" },
};

const units: Record<string, { zh: string; en: string }> = {
  depth_mm: { zh: "毫米深", en: "mm deep" },
  height_mm: { zh: "毫米高", en: "mm high" },
  level_mm: { zh: "毫米高差", en: "mm level difference" },
  step_mm: { zh: "毫米错台", en: "mm step" },
  lip_mm: { zh: "毫米翘边", en: "mm lip" },
  drop_mm: { zh: "毫米落差", en: "mm drop" },
  crack_width_mm: { zh: "毫米宽", en: "mm wide" },
  size_mm: { zh: "毫米", en: "mm" },
  area_m2: { zh: "平方米", en: "m²" },
  area_fraction: { zh: "（面积比）", en: "of the area" },
  class: { zh: "级", en: "class" },
};

export function unit(name: string, language: Language): string {
  return units[name]?.[language] ?? name;
}

/** "3 min ago", "2 小时前"; exact time goes in a title beside it. */
export function age(iso: string | null, language: Language, nowMs = Date.now()): string {
  if (!iso) return "–";
  const seconds = Math.round((nowMs - Date.parse(iso)) / 1000);
  if (Math.abs(seconds) < 60) return say("just_now", language);
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const [name, length] = steps.find(([, s]) => Math.abs(seconds) >= s) ?? ["minute", 60];
  return new Intl.RelativeTimeFormat(language === "zh" ? "zh-CN" : "en", { numeric: "auto" }).format(-Math.round(seconds / length), name);
}

export function exact(iso: string | null, language: Language): string {
  return iso ? new Date(iso).toLocaleString(language === "zh" ? "zh-CN" : "en-GB") : "";
}

export function metres(value: number, language: Language): string {
  if (value >= 10000) return `${(value / 1000).toFixed(1)} ${language === "zh" ? "公里" : "km"}`;
  return `${Math.round(value).toLocaleString("en")} ${language === "zh" ? "米" : "m"}`;
}
