// Bundles the portal's pages into portal/static/dist: run by `make setup`, or `npm run build` here.
//
//   src/*.js        one entry each; libraries they share become common chunks
//   src/*.css       one style sheet each, minified
//   src/icons.txt   names of the icons used, gathered into one icons.svg
//   src/*.svg|png   copied as they are
//
// manifest.json is written last and maps each name to "name?v=<hash>", so pages may be cached for good.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import * as esbuild from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const source = path.join(here, "src");
const modules = path.join(here, "node_modules");
const target = path.join(here, "..", "static", "dist");
const building = `${target}.building`;

/** Bundle every script and style sheet of src/. */
async function bundle(names) {
  await esbuild.build({
    entryPoints: names.filter((name) => /\.(js|css)$/.test(name)).map((name) => path.join(source, name)),
    outdir: building,
    bundle: true,
    format: "esm",
    splitting: true,
    minify: true,
    target: ["chrome109", "firefox115", "safari16.4"],
    chunkNames: "chunk-[hash]",
    legalComments: "none", // the licences are in third-party.txt
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "warning",
  });
}

/** Gather the icons named in src/icons.txt; an unknown name is an error. */
async function icons() {
  const names = (await readFile(path.join(source, "icons.txt"), "utf8"))
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter(Boolean);
  const symbols = await Promise.all([...new Set(names)].map(symbol));
  const sprite = `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
  await writeFile(path.join(building, "icons.svg"), sprite);
}

async function symbol(name) {
  const [shape, style] = name.endsWith("-filled") ? [name.slice(0, -7), "filled"] : [name, "outline"];
  const file = path.join(modules, "@tabler", "icons", "icons", style, `${shape}.svg`);
  if (!existsSync(file)) {
    throw new Error(`src/icons.txt: no icon is called "${name}"`);
  }
  const drawing = (await readFile(file, "utf8"))
    .replace(/^[\s\S]*?<svg[^>]*>/, "")
    .replace(/<\/svg>\s*$/, "")
    .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/, "")
    .replace(/\s+/g, " ")
    .trim();
  const paint =
    style === "filled"
      ? 'fill="currentColor"'
      : 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name}" viewBox="0 0 24 24" ${paint}>${drawing}</symbol>`;
}

/** State name, version and licence of everything that ends up in the bundle. */
async function licences() {
  const lock = JSON.parse(await readFile(path.join(here, "package-lock.json"), "utf8"));
  const parts = [];
  for (const [place, entry] of Object.entries(lock.packages)) {
    if (!place || (entry.dev && !place.endsWith("@tabler/icons")) || entry.optional) continue;
    const folder = path.join(here, place);
    if (!existsSync(folder)) continue;
    const text = (await readdir(folder)).find((name) => /^(licen[cs]e|copying)/i.test(name));
    const words = text ? readFileSync(path.join(folder, text), "utf8").trim() : "";
    parts.push(`${place.replace(/^.*node_modules\//, "")} ${entry.version} (${entry.license})\n\n${words}`);
  }
  await writeFile(path.join(building, "third-party.txt"), parts.join(`\n\n${"-".repeat(78)}\n\n`) + "\n");
}

async function manifest() {
  const entries = {};
  for (const name of (await readdir(building)).sort()) {
    const content = await readFile(path.join(building, name));
    entries[name] = `${name}?v=${createHash("sha256").update(content).digest("hex").slice(0, 10)}`;
  }
  await writeFile(path.join(building, "manifest.json"), JSON.stringify(entries, null, 2) + "\n");
}

const names = (await readdir(source)).filter((name) => !name.startsWith("_"));
await rm(building, { recursive: true, force: true });
await mkdir(building, { recursive: true });
await bundle(names);
await cp(
  path.join(modules, "@tabler", "core", "dist", "css", "tabler.min.css"),
  path.join(building, "tabler.css"),
);
for (const name of names.filter((name) => /\.(svg|png|ico|webp|woff2)$/.test(name))) {
  await cp(path.join(source, name), path.join(building, name));
}
await icons();
await licences();
await manifest();
await rm(target, { recursive: true, force: true });
await rename(building, target);
console.log(`portal/static/dist: ${(await readdir(target)).length} files`);
