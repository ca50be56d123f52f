// Plays an instance of Sigstore on loopback and signs with npm's sigstore as workflows of
// GitHub do: node sign.cjs NODE_MODULES FOLDER. It signs FOLDER/tool and writes, for each
// identity below, NAME.sigstore.json (a bundle), NAME.attestation.json (provenance) and
// NAME.log.json (what the log has answered); and trusted_root.json.
const crypto = require('crypto')
const fs = require('fs')
const http = require('http')
const path = require('path')

const [modules, folder] = process.argv.slice(2)
const load = (name) => require(path.join(path.resolve(modules), name))
const { fulcioHandler, rekorHandler, tsaHandler, initializeCA, initializeCTLog, initializeTLog, initializeTSA } = load('@sigstore/mock')
const sigstore = load('sigstore')
const { TrustedRoot } = load('@sigstore/protobuf-specs')

const github = (workflow, ref, more) => ({
  iss: 'https://token.actions.githubusercontent.com',
  sub: `https://github.com/${workflow}@${ref}`, job_workflow_ref: `${workflow}@${ref}`,
  aud: 'sigstore', repository: 'o/r', ref, workflow: 'release', event_name: 'push', ...more,
})
const own = 'o/r/.github/workflows/release.yml'
const identities = {
  good: github(own, 'refs/tags/v1.2.3'),
  prefix: github(own, 'refs/tags/v1.2.34'),
  suffix: github('x/o/r/.github/workflows/release.yml', 'refs/tags/v1.2.3'),
  case: github('O/R/.github/workflows/release.yml', 'refs/tags/v1.2.3', { repository: 'O/R' }),
  older: github(own, 'refs/tags/v1.2.2'),
  fork: github(own, 'refs/tags/v1.2.3', { repository: 'evil/r' }),
  workflow: github('o/r/.github/workflows/test.yml', 'refs/tags/v1.2.3'),
  reusable: github('builder/b/.github/workflows/build.yml', 'refs/tags/v2.0.0', { ref: 'refs/tags/v1.2.3' }),
  issuer: github(own, 'refs/tags/v1.2.3', { iss: 'https://accounts.example.com' }),
}

// logged returns what Rekor itself would log of a proposed entry: of an envelope, its hashes.
function logged(text) {
  const entry = JSON.parse(text)
  if (entry.kind !== 'dsse') return text
  const { envelope, verifiers } = entry.spec.proposedContent
  const { payload, signatures } = JSON.parse(envelope)
  const hash = (data) => ({ algorithm: 'sha256', value: crypto.createHash('sha256').update(data).digest('hex') })
  entry.spec = {
    envelopeHash: hash(envelope), payloadHash: hash(Buffer.from(payload, 'base64')),
    signatures: signatures.map(({ sig }, i) => ({ signature: sig, verifier: verifiers[i] })),
  }
  return JSON.stringify(entry)
}

const keys = (namedCurve) => crypto.generateKeyPairSync('ec', { namedCurve })
const token = (claims) => ['{"alg":"none"}', JSON.stringify(claims), 'x'].map((s) => Buffer.from(s).toString('base64url')).join('.')

async function main() {
  const start = new Date(Date.now() - 60_000)
  const server = http.createServer()
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${server.address().port}`
  const ctlog = await initializeCTLog(keys('P-256'))
  const ca = await initializeCA(keys('P-384'), ctlog)
  const tlog = await initializeTLog(url, keys('P-256'))
  const tsa = await initializeTSA(keys('P-384'))
  const handlers = [fulcioHandler(ca), rekorHandler(tlog), tsaHandler(tsa)]
  let answers = []
  server.on('request', (request, response) => {
    const chunks = []
    request.on('data', (c) => chunks.push(c))
    request.on('end', async () => {
      const handler = handlers.find((h) => request.url === h.path)
      const text = Buffer.concat(chunks).toString()
      const answer = handler ? await handler.fn(handler === handlers[1] ? logged(text) : text) : { statusCode: 404, response: '' }
      if (handler === handlers[1]) answers.push(JSON.parse(answer.response))
      response.writeHead(answer.statusCode, { 'Content-Type': answer.contentType || 'text/plain' })
      response.end(answer.response)
    })
  })

  const log = (key, id, baseUrl) => ({
    baseUrl, hashAlgorithm: 'SHA2_256', logId: { keyId: Buffer.from(id).toString('base64') },
    publicKey: { rawBytes: Buffer.from(key).toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: { start } },
  })
  const root = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    certificateAuthorities: [{
      subject: { organization: 'sigstore.mock', commonName: 'sigstore' }, uri: url, validFor: { start },
      certChain: { certificates: [{ rawBytes: Buffer.from(ca.rootCertificate).toString('base64') }] },
    }],
    tlogs: [log(tlog.publicKey, crypto.createHash('sha256').update(tlog.publicKey).digest(), url)],
    ctlogs: [log(ctlog.publicKey, ctlog.logID, url)],
    timestampAuthorities: [],
  }
  const write = (name, value) => fs.writeFileSync(path.join(folder, name), JSON.stringify(value))
  write('trusted_root.json', TrustedRoot.toJSON(TrustedRoot.fromJSON(root)))

  const tool = fs.readFileSync(path.join(folder, 'tool'))
  for (const [name, claims] of Object.entries(identities)) {
    const options = { identityToken: token(claims), fulcioURL: url, rekorURL: url }
    const statement = {
      _type: 'https://in-toto.io/Statement/v1', predicateType: 'https://slsa.dev/provenance/v1',
      subject: [{ name: 'tool', digest: { sha256: crypto.createHash('sha256').update(tool).digest('hex') } }],
      predicate: { buildDefinition: { externalParameters: { workflow: { repository: `https://github.com/${claims.repository}`, ref: claims.ref } } } },
    }
    answers = []
    write(`${name}.sigstore.json`, await sigstore.sign(tool, options))
    write(`${name}.log.json`, answers)
    write(`${name}.attestation.json`, await sigstore.attest(Buffer.from(JSON.stringify(statement)), 'application/vnd.in-toto+json', options))
  }
  server.close()
}

main().catch((e) => { console.error(e); process.exit(1) })
