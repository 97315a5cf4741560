// Says what the AsyncAPI parser has against a document, and ends with 1 if it has anything.
const fs = require("fs");
const { Parser } = require("@asyncapi/parser");

(async () => {
  const file = process.argv[2];
  const { diagnostics } = await new Parser().parse(fs.readFileSync(file, "utf8"));
  const found = diagnostics.filter((one) => one.severity < 2);
  for (const one of found) {
    console.log(`${file}:${one.range.start.line + 1}: ${one.path.join(".")}: ${one.message}`);
  }
  if (found.length === 0) console.log(`${file}: AsyncAPI, nothing to say against it`);
  process.exit(found.length === 0 ? 0 : 1);
})();
