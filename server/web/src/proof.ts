// Checks in the browser that an entry is in the public log: the bytes of the entry give its leaf hash, the inclusion path
// leads from there to the root of the signed checkpoint (RFC 6962 / RFC 9162 2.1.3.2), and the checkpoint's Ed25519
// signature is of the log key that the page was given.

const decoder = new TextDecoder();

async function sha256(prefix: number, ...parts: Uint8Array[]): Promise<Uint8Array> {
  const length = parts.reduce((sum, p) => sum + p.length, 1);
  const bytes = new Uint8Array(length);
  bytes[0] = prefix;
  let at = 1;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** The root that an inclusion path leads to; null if the path does not fit the tree. */
export async function rootOf(leaf: Uint8Array, index: number, size: number, path: Uint8Array[]): Promise<Uint8Array | null> {
  if (index >= size) return null;
  let fn = index, sn = size - 1, r = leaf;
  for (const c of path) {
    if (sn === 0) return null;
    if (fn % 2 === 1 || fn === sn) {
      r = await sha256(1, c, r);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      r = await sha256(1, r, c);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 ? r : null;
}

function tilePath(n: number): string {
  const groups: string[] = [String(n % 1000).padStart(3, "0")];
  for (let rest = Math.floor(n / 1000); rest > 0; rest = Math.floor(rest / 1000)) groups.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  return groups.join("/");
}

async function entryBytes(index: number, size: number): Promise<Uint8Array> {
  const tile = Math.floor(index / 256);
  const width = Math.min(256, size - tile * 256);
  const response = await fetch(`/log/tile/entries/${tilePath(tile)}${width < 256 ? `.p/${width}` : ""}`);
  if (!response.ok) throw new Error(`entries: ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  let at = 0;
  for (let i = 0; i < index % 256; i++) at += 2 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
  const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return bytes.slice(at + 2, at + 2 + length);
}

async function signatureHolds(text: string, signatures: string[], vkey: string): Promise<boolean> {
  const [name, , key] = vkey.split("+");
  const keyBytes = fromBase64(vkey.split("+").slice(2).join("+") || key || "").slice(1);
  const line = signatures.find((l) => l.startsWith(`\u2014 ${name} `));
  if (!line) return false;
  const signature = fromBase64(line.slice(line.lastIndexOf(" ") + 1)).slice(4);
  const imported = await crypto.subtle.importKey("raw", keyBytes, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, imported, signature, new TextEncoder().encode(text));
}

/** Throws with the reason if anything does not hold. Returns what was checked, in words. */
export async function checkEntry(index: number, vkey: string): Promise<{ size: number; entry: unknown }> {
  const response = await fetch(`/v1/proof/${index}`);
  if (!response.ok) throw new Error(`proof: ${response.status}`);
  const text = await response.text();
  const lines = text.split("\n");
  if (lines[0] !== "c2sp.org/tlog-proof@v1") throw new Error("not a tlog-proof");
  const indexLine = lines.findIndex((l) => l.startsWith("index "));
  const blank = lines.indexOf("", indexLine);
  const path = lines.slice(indexLine + 1, blank).map(fromBase64);
  const note = lines.slice(blank + 1);
  const noteEnd = note.indexOf("");
  const body = note.slice(0, noteEnd).join("\n") + "\n";
  const size = Number(note[1]);
  if (lines[indexLine] !== `index ${index}`) throw new Error("proof of another entry");
  const bytes = await entryBytes(index, size);
  const root = await rootOf(await sha256(0, bytes), index, size, path);
  if (!root || !equal(root, fromBase64(note[2] ?? ""))) throw new Error("the path does not lead to the signed root");
  if (!(await signatureHolds(body, note.slice(noteEnd + 1), vkey))) throw new Error("the checkpoint is not signed by the log's key");
  return { size, entry: JSON.parse(decoder.decode(bytes)) as unknown };
}
