// Asks the language server of Even Better TOML, an editor's extension, about a lockfile:
// node language-server.cjs FILE LINE COLUMN prints what it shows there and what it offers.
const fs = require("fs");
const path = require("path");
const { TaploLsp } = require("@taplo/lsp");

const [file, line, character] = [path.resolve(process.argv[2]), Number(process.argv[3]), Number(process.argv[4])];
const uri = "file://" + file;
const nothing = async () => new Uint8Array();
const environment = {
  now: () => new Date(),
  envVar: () => "",
  envVars: () => [],
  stdErrAtty: () => false,
  stdin: nothing, stdout: async b => b.length, stderr: async b => b.length,
  glob: () => [file],
  readFile: async p => fs.promises.readFile(p),
  writeFile: async () => {},
  urlToFilePath: u => decodeURIComponent(new URL(u).pathname),
  isAbsolute: p => path.isAbsolute(p),
  cwd: () => path.dirname(file),
  findConfigFile: () => undefined,
  fetch: { fetch, Headers, Request, Response },
};

const answers = new Map();
let server;
const request = (id, method, params) => new Promise(resolve => {
  answers.set(id, resolve);
  server.send({ jsonrpc: "2.0", id, method, params });
});
const notify = (method, params) => server.send({ jsonrpc: "2.0", method, params });

(async () => {
  server = await TaploLsp.initialize(environment, {
    onMessage: m => {
      if (m.method === undefined) {
        answers.get(m.id)?.(m.result);
      } else if (m.id !== undefined) {
        server.send({ jsonrpc: "2.0", id: m.id, result: (m.params?.items ?? []).map(() => ({})) });
      }
    },
  });
  await request(1, "initialize", {
    processId: null,
    workspaceFolders: [{ uri: "file://" + path.dirname(file), name: "folder" }],
    capabilities: { textDocument: { completion: { completionItem: { snippetSupport: true } } } },
  });
  notify("initialized", {});
  notify("textDocument/didOpen", {
    textDocument: { uri, languageId: "toml", version: 1, text: fs.readFileSync(file, "utf8") },
  });
  const at = { textDocument: { uri }, position: { line, character } };
  const hover = await request(2, "textDocument/hover", at);
  const offered = await request(3, "textDocument/completion", at);
  const items = Array.isArray(offered) ? offered : offered?.items ?? [];
  console.log(JSON.stringify({
    hover: hover?.contents?.value ?? "",
    offered: items.map(i => i.label),
  }));
  process.exit(0);
})();
