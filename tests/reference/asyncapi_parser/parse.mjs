// Reads an AsyncAPI document with AsyncAPI's own parser: prints what it finds, exits 1 unless the document is valid.
import { readFileSync } from 'node:fs'
import { Parser } from '@asyncapi/parser'

const [file] = process.argv.slice(2)
const { document, diagnostics } = await new Parser().parse(readFileSync(file, 'utf8'))
for (const { severity, code, path, message } of diagnostics) {
  console.log(`${['error', 'warning', 'information', 'hint'][severity]}: ${code}: ${path.join('.')}: ${message}`)
}
const channels = document?.channels().all().length ?? 0
console.log(channels > 0 ? `valid, ${channels} channels` : 'not valid')
process.exit(channels > 0 && !diagnostics.some(({ severity }) => severity < 2) ? 0 : 1)
