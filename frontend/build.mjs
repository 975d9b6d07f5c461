// Bundle the scripts of staff's pages into the folder named, with the licence of everything that is in them.
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { build } from "esbuild";

const folder = process.argv[2];
const here = import.meta.dirname ?? new URL(".", import.meta.url).pathname;

const made = await build({
  absWorkingDir: here,
  entryPoints: ["src/app.js", "src/composer.js"],
  outdir: folder,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  legalComments: "none", // the licences stand beside the bundle, whole
  banner: { js: "/* Holds the work of others: see THIRD_PARTY_LICENSES.txt. */" },
  metafile: true,
  logLevel: "warning",
});

const used = new Set(
  Object.keys(made.metafile.inputs)
    .map((path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1])
    .filter(Boolean),
);
await writeFile(join(folder, "THIRD_PARTY_LICENSES.txt"), (await Promise.all([...used].sort().map(licence))).join("\n"));

async function licence(name) {
  const home = join(here, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
  const file = (await readdir(home)).find((one) => /^licen[cs]e/i.test(one));
  if (!file) throw new Error(`${name} brings no text of its licence, so it cannot be handed on.`);
  return `${name} ${version} (${license})\n\n${await readFile(join(home, file), "utf8")}\n${"-".repeat(72)}\n`;
}
