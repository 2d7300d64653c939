// Says what the parser of the AsyncAPI initiative thinks of documents: one list of findings per address, as JSON.
import { fromFile, fromURL, Parser } from "@asyncapi/parser";

const SEVERITIES = ["error", "warning", "information", "hint"];

async function findings(address) {
  const parser = new Parser();
  const read = address.startsWith("http") ? fromURL(parser, address) : fromFile(parser, address);
  const { document, diagnostics } = await read.parse();
  const told = diagnostics.map((one) => `${SEVERITIES[one.severity]}: ${one.path.join(".")}: ${one.message}`);
  if (!document) return told.length ? told : ["error: no document"];
  return told;
}

const answers = [];
for (const address of process.argv.slice(2)) answers.push(await findings(address));
console.log(JSON.stringify(answers));
