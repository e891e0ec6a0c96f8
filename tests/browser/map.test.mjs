// The map in a real Chromium, on a real run of all four parts: codes are drawn, a click explains, a live change
// appears without a reload, the proof checks in the page, nothing is written to the console as an error.
// Prints `ok NAME`, `FAIL NAME` or `skip NAME: why`, like every test here. usage: node map.test.mjs BIN_DIR WEB_DIR [PATTERN]

import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, loadavg } from "node:os";
import path from "node:path";

const [binDir, webDir, source, pattern = ""] = process.argv.slice(2);
const require = createRequire(path.join(source, "server/web/package.json"));
const pictures = process.env.ROAD_SCREENSHOTS ?? path.join(binDir, "..", "screenshots");
mkdirSync(pictures, { recursive: true });
let failed = 0;

function tell(name, error) {
  if (error) {
    failed++;
    console.log(`  ${String(error?.stack ?? error).split("\n").slice(0, 6).join("\n  ")}`);
  }
  console.log(`${error ? "FAIL" : "ok"} ${name}`);
}

async function fact(name, run) {
  try {
    await run();
    tell(name);
  } catch (error) {
    tell(name, error);
  }
}

function claim(condition, text) {
  if (!condition) throw new Error(text);
}

/** Starts a program and waits for the line with the map's address in what `stream` of it says. */
function start(program, parameters, stream, stdio) {
  const child = spawn(path.join(binDir, program), parameters, { env: { ...process.env, ROAD_WEB_DIR: webDir }, stdio });
  const address = new Promise((resolve, reject) => {
    let text = "";
    child[stream].on("data", (bytes) => {
      text += bytes;
      const found = /the map: (\S+)/.exec(text);
      if (found) resolve(found[1]);
    });
    child.on("exit", (status) => reject(new Error(`${program} ended with ${status}: ${text.slice(-600)}`)));
  });
  return { child, address };
}

function startDemo(extra) {
  return start("roadchief", ["demo", ...extra], "stderr", ["ignore", "ignore", "pipe"]);
}

async function waitFor(run, what, limitMs = 60000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await run();
    if (value) return value;
    if (Date.now() > end) throw new Error(`timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const drawnCodes = () => {
  const map = globalThis.roadMap;
  if (!map?.getLayer?.("cells")) return {};
  const count = {};
  for (const f of map.queryRenderedFeatures({ layers: ["cells"] })) count[f.properties.code] = (count[f.properties.code] ?? 0) + 1;
  return count;
};

/** Pixels of the canvas that are plainly green, pale or full, read inside a render, where the buffer still holds them. */
const greenPixels = () =>
  new Promise((resolve) => {
    const map = globalThis.roadMap;
    map.once("render", () => {
      const gl = map.getCanvas().getContext("webgl2");
      const { drawingBufferWidth: w, drawingBufferHeight: h } = gl;
      const pixels = new Uint8Array(w * h * 4);
      gl.readPixels(0, 0, w, h, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
      let n = 0;
      for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 1] > pixels[i] + 35 && pixels[i + 1] > pixels[i + 2] + 20) n++;
      resolve(n);
    });
    map.triggerRepaint();
  });

async function open(browser, address, width, height, language, options = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: language, deviceScaleFactor: width < 600 ? 2 : 1, ...options });
  const page = await context.newPage();
  page.errors = [];
  page.strangers = [];
  page.on("console", (message) => message.type() === "error" && page.errors.push(message.text()));
  page.on("pageerror", (error) => page.errors.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(address) && !request.url().startsWith("blob:") && !request.url().startsWith("data:")) page.strangers.push(request.url());
  });
  await page.goto(address, { waitUntil: "domcontentloaded" });
  return page;
}

/** Milliseconds from the page's start until all of the view's tiles are drawn. */
const drawnAfterMs = () =>
  new Promise((resolve) => {
    const look = () => {
      const map = globalThis.roadMap;
      if (map?.getLayer?.("cells") && map.isSourceLoaded("cells") && map.loaded() && map.areTilesLoaded()) resolve(performance.now());
      else setTimeout(look, 20);
    };
    look();
  });

/** Milliseconds from a jump to a view, of which no tile is kept, until it is drawn. */
const jumpedAfterMs = (view) =>
  new Promise((resolve) => {
    const map = globalThis.roadMap, begin = performance.now();
    for (const layer of ["cells", "roads", "defects"]) map.getSource(layer).setTiles([`${location.origin}/tiles/${layer}/{z}/{x}/{y}.mvt?v=${begin}`]);
    if (view.bounds) map.fitBounds(view.bounds, { padding: 24, animate: false });
    else map.jumpTo(view);
    const look = () => (map.isSourceLoaded("cells") && map.loaded() && map.areTilesLoaded() ? resolve(performance.now() - begin) : setTimeout(look, 10));
    map.once("render", look);
  });

/** Five million coded squares: the whole district, nearer views, a tap, and the page from nothing. */
async function cityFacts(browser) {
  const { child, address: promise } = start("town_server", ["28", webDir], "stdout", ["pipe", "pipe", "inherit"]);
  try {
    const address = await promise;
    let page = await open(browser, address, 1440, 900, "en-GB");
    await page.evaluate(drawnAfterMs);
    const { bounds } = await page.evaluate(async () => (await fetch("/v1/config")).json());
    const middle = [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2];
    await fact("a_district_of_five_million_squares_is_drawn_within_two_seconds", async () => {
      const squares = await page.evaluate(async () => (await (await fetch("/v1/summary")).json()).cells.level0);
      claim(squares > 4_800_000, `only ${squares} coded squares`);
      await page.evaluate(jumpedAfterMs, { center: [middle[0] + 1, middle[1]], zoom: 15 }); // far away, where nothing is
      const ms = await page.evaluate(jumpedAfterMs, { bounds });
      console.log(`  the whole district: ${Math.round(ms)} ms`);
      claim((await page.evaluate(() => globalThis.roadMap.queryRenderedFeatures({ layers: ["cells"] }).length)) > 0, "no squares are drawn");
      await waitFor(async () => (await page.evaluate(greenPixels)) > 5000, "green pixels on the canvas", 10000);
      await page.screenshot({ path: path.join(pictures, "city-1440.png") });
      claim(ms < 2000, `${ms} ms`);
    });
    await fact("every_zoom_of_it_is_drawn_within_two_seconds", async () => {
      const slow = [];
      for (const zoom of [13, 14, 15, 16, 17, 18, 19, 20]) {
        const ms = await page.evaluate(jumpedAfterMs, { center: [middle[0] + zoom / 1000, middle[1]], zoom });
        console.log(`  zoom ${zoom}: ${Math.round(ms)} ms`);
        if (ms >= 2000) slow.push(`zoom ${zoom}: ${ms} ms`);
        if (zoom % 2 === 1) await page.screenshot({ path: path.join(pictures, `city-z${zoom}.png`) });
      }
      claim(slow.length === 0, slow.join("\n"));
    });
    // From nothing: browser profile, library, page and map. That is processor time more than data, so a busy machine only prints it.
    const drawn = [];
    for (let i = 0; i < 3; i++) {
      await page.context().close();
      page = await open(browser, address, 1440, 900, "en-GB");
      drawn.push(Math.round(await page.evaluate(drawnAfterMs)));
    }
    console.log(`  drawn ${drawn.join(", ")} ms after the page was asked for`);
    if (loadavg()[0] > 2 * cpus().length) console.log("skip the_page_of_it_opens_within_two_seconds: the machine is busy with other things");
    else await fact("the_page_of_it_opens_within_two_seconds", () => claim(Math.min(...drawn) < 2000, `drawn after ${drawn.join(", ")} ms`));
    const phone = await open(browser, address, 390, 844, "zh-CN");
    await fact("a_plain_square_says_that_nothing_was_found", async () => {
      await phone.evaluate(drawnAfterMs);
      await phone.screenshot({ path: path.join(pictures, "city-390.png") });
      const cell = await phone.evaluate(async () => {
        const map = globalThis.roadMap;
        map.jumpTo({ center: map.getCenter(), zoom: 19 });
        await new Promise((resolve) => map.once("idle", resolve));
        const f = map.queryRenderedFeatures({ layers: ["cells"] }).find((g) => g.properties.code === 1 && !g.properties.id);
        const ring = f.geometry.type === "Polygon" ? f.geometry.coordinates[0] : f.geometry.coordinates[0][0];
        const q = map.project([(ring[0][0] + ring[2][0]) / 2, (ring[0][1] + ring[2][1]) / 2]), box = map.getCanvas().getBoundingClientRect();
        return [q.x + box.x, q.y + box.y];
      });
      await phone.mouse.click(cell[0], cell[1]);
      await phone.locator(".detail .explain").getByText("未发现病害").waitFor({ timeout: 15000 });
    });
    await fact("no_error_on_the_console_with_five_million_squares", () => claim(page.errors.length + phone.errors.length === 0, [...page.errors, ...phone.errors].join("\n")));
  } finally {
    child.removeAllListeners("exit");
    child.stdin.end(); // which ends it
    await new Promise((resolve) => child.on("exit", resolve));
  }
}

async function stop(child) {
  child.removeAllListeners("exit");
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await new Promise((resolve) => child.on("exit", resolve));
}

async function main() {
  if (!"the_map_in_a_browser".includes(pattern) && !"browser_map".includes(pattern)) return;
  if (!existsSync("/usr/bin/chromium") || !existsSync(path.join(webDir, "index.html"))) {
    console.log("skip the_map_in_a_browser: no chromium or no built pages");
    return;
  }
  const { chromium } = require("playwright-core");
  const axe = require.resolve("axe-core/axe.min.js");
  const { child, address: promise } = startDemo(["--speed", "60"]);
  const address = await promise;
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
  try {
    const page = await open(browser, address, 1440, 900, "en-GB");
    await fact("the_answer_is_there_before_anything_is_driven", () => page.getByText("How is the road here?").first().waitFor());
    await fact("a_live_change_appears_without_reload", async () => {
      await page.evaluate(() => { globalThis.notReloaded = true; });
      await waitFor(() => page.locator(".live li").count(), "a row in the live list", 90000);
      claim(await page.evaluate(() => globalThis.notReloaded === true), "the page was loaded again");
    });
    await fact("codes_are_drawn", async () => {
      const codes = await waitFor(async () => {
        const c = await page.evaluate(drawnCodes);
        return c[1] && c[2] ? c : null;
      }, "green and yellow squares", 120000);
      claim(codes[1] > 0 && codes[2] > 0, JSON.stringify(codes));
      await waitFor(async () => (await page.evaluate(greenPixels)) > 200, "green pixels on the canvas", 20000);
    });
    await fact("confirmed_defects_are_drawn", () =>
      waitFor(() => page.evaluate(() => globalThis.roadMap.queryRenderedFeatures({ layers: ["defects"] }).some((f) => f.properties.state === "confirmed")), "a confirmed defect", 150000));
    await fact("a_click_on_a_square_explains_it", async () => {
      const at = await waitFor(() => page.evaluate(() => {
        const map = globalThis.roadMap;
        const cell = map.queryRenderedFeatures({ layers: ["cells"] }).find((f) => f.properties.code === 2);
        if (!cell) return null;
        const ring = cell.geometry.type === "Polygon" ? cell.geometry.coordinates[0] : cell.geometry.coordinates[0][0];
        const lon = ring.slice(0, 4).reduce((s, p) => s + p[0], 0) / 4, lat = ring.slice(0, 4).reduce((s, p) => s + p[1], 0) / 4;
        map.jumpTo({ center: [lon, lat], zoom: 19 });
        return [lon, lat];
      }), "a yellow square");
      await waitFor(() => page.evaluate(() => globalThis.roadMap.areTilesLoaded()), "tiles at zoom 19");
      const point = await page.evaluate((p) => { const q = globalThis.roadMap.project(p), box = globalThis.roadMap.getCanvas().getBoundingClientRect(); return [q.x + box.x, q.y + box.y]; }, at);
      await page.mouse.click(point[0], point[1]);
      await page.locator(".detail .explain").waitFor({ timeout: 15000 });
      claim((await page.locator(".detail .explain").innerText()).length > 10, "no explanation");
    });
    await fact("the_record_of_a_defect_checks_in_the_page", async () => {
      const id = await waitFor(() => page.evaluate(async () => (await (await fetch("/v1/defects?state=confirmed")).json()).items[0]?.position), "a confirmed defect");
      await page.evaluate((p) => globalThis.roadMap.jumpTo({ center: p, zoom: 20 }), id);
      await waitFor(() => page.evaluate(() => globalThis.roadMap.areTilesLoaded() && globalThis.roadMap.queryRenderedFeatures({ layers: ["defects"] }).length > 0), "the defect's mark");
      const point = await page.evaluate((p) => { const q = globalThis.roadMap.project(p), box = globalThis.roadMap.getCanvas().getBoundingClientRect(); return [q.x + box.x, q.y + box.y]; }, id);
      await page.mouse.click(point[0], point[1]);
      await page.getByRole("button", { name: "Check this record" }).click({ timeout: 15000 });
      await page.locator(".proof .good").waitFor({ timeout: 15000 });
    });
    await page.screenshot({ path: path.join(pictures, "detail-1440.png") });
    await fact("from_far_segments_stand_for_the_squares_and_say_why", async () => {
      const config = await page.evaluate(async () => (await fetch("/v1/config")).json());
      await page.evaluate((b) => globalThis.roadMap.jumpTo({ center: [(b[0] + b[2]) / 2, (b[1] + b[3]) / 2], zoom: 14.5 }), config.bounds);
      const point = await waitFor(() => page.evaluate(() => {
        const map = globalThis.roadMap, found = map.areTilesLoaded() && map.queryRenderedFeatures({ layers: ["segments"] })[0];
        if (!found || map.queryRenderedFeatures({ layers: ["cells"] }).length > 0) return null;
        const line = found.geometry.type === "LineString" ? found.geometry.coordinates : found.geometry.coordinates[0];
        const q = map.project([(line[0][0] + line.at(-1)[0]) / 2, (line[0][1] + line.at(-1)[1]) / 2]), box = map.getCanvas().getBoundingClientRect();
        return [q.x + box.x, q.y + box.y];
      }), "segments and no squares");
      await page.mouse.click(point[0], point[1]);
      await page.locator(".detail .explain").getByText("Observed:").waitFor({ timeout: 15000 });
      claim((await page.locator(".roads li").count()) > 0, "no road in the list");
      await page.screenshot({ path: path.join(pictures, "segments-1440.png") });
    });
    await fact("bumps_and_joints_are_named_when_asked_for_and_not_before", async () => {
      const feature = await waitFor(() => page.evaluate(async () => (await (await fetch("/v1/features")).json()).features[0]), "a registered feature", 120000);
      await page.evaluate((p) => globalThis.roadMap.jumpTo({ center: p, zoom: 19 }), feature.geometry.coordinates);
      const drawn = () => page.evaluate(() => globalThis.roadMap.queryRenderedFeatures({ layers: ["features"] }).map((f) => f.properties.kind));
      claim((await drawn()).length === 0, "features are drawn though nobody asked");
      await page.getByRole("button", { name: "Bumps, joints, covers" }).click();
      await waitFor(async () => (await drawn()).includes(feature.properties.kind), "the feature's label");
      const point = await page.evaluate((p) => { const q = globalThis.roadMap.project(p), box = globalThis.roadMap.getCanvas().getBoundingClientRect(); return [q.x + box.x, q.y + box.y - 24]; }, feature.geometry.coordinates);
      await page.mouse.click(point[0], point[1]);
      await page.locator(".detail").getByText("no damage").waitFor({ timeout: 15000 });
      await page.screenshot({ path: path.join(pictures, "features-1440.png") });
      await page.getByRole("button", { name: "中文" }).click();
      await page.locator(".detail").getByText(feature.properties.zh).waitFor({ timeout: 15000 });
      await page.getByRole("button", { name: "English" }).click();
      await page.getByRole("button", { name: "Bumps, joints, covers" }).click();
      await waitFor(async () => (await drawn()).length === 0, "the layer to be gone");
    });
    await fact("wide_page_looks_right", async () => {
      await page.locator(".detail .close").click();
      await page.evaluate(async () => { const c = await (await fetch("/v1/config")).json(); globalThis.roadMap.fitBounds(c.bounds, { padding: 30, animate: false }); });
      await waitFor(() => page.evaluate(() => globalThis.roadMap.areTilesLoaded()), "tiles");
      await page.waitForTimeout(1000);
      await page.screenshot({ path: path.join(pictures, "map-1440.png") });
      claim(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than the screen");
    });
    const phone = await open(browser, address, 390, 844, "zh-CN");
    await fact("narrow_page_looks_right_in_chinese", async () => {
      await phone.getByText("这里的路好不好？").first().waitFor();
      await waitFor(() => phone.evaluate(() => globalThis.roadMap?.areTilesLoaded?.()), "tiles");
      await phone.waitForTimeout(1500);
      await phone.screenshot({ path: path.join(pictures, "map-390.png") });
      claim(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than the screen");
    });
    await fact("nothing_serious_for_people_with_disabilities", async () => {
      // The page's own policy forbids foreign scripts; this one tab is let off, to load the checker.
      const examined = await open(browser, address, 390, 844, "zh-CN", { bypassCSP: true });
      await examined.locator(".shares").waitFor();
      await examined.addScriptTag({ path: axe });
      const result = await examined.evaluate(async () => (await globalThis.axe.run({ exclude: [[".maplibregl-map"]] })).violations);
      const serious = result.filter((v) => v.impact === "serious" || v.impact === "critical");
      claim(serious.length === 0, serious.map((v) => `${v.id}: ${v.nodes[0]?.html}`).join("\n"));
    });
    await fact("no_error_on_the_console", () => claim(page.errors.length + phone.errors.length === 0, [...page.errors, ...phone.errors].join("\n")));
    await fact("nothing_is_loaded_from_elsewhere", () => claim(page.strangers.length === 0, page.strangers.join("\n")));
    await page.context().close();
    await phone.context().close();
    await stop(child);
    await cityFacts(browser);
  } finally {
    await browser.close();
    await stop(child);
  }
}

main().then(() => process.exit(failed ? 1 : 0), (error) => { tell("the_map_in_a_browser", error); process.exit(1); });
