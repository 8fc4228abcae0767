// Status changes by kafkajs: read committed, held against the schema, each handled once, however often sent.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import Ajv from 'ajv/dist/2020.js'
import { Kafka, logLevel } from 'kafkajs'

const schemaName = 'status_changed.v1.schema.json'
const { values: options } = parseArgs({
  options: {
    'bootstrap-servers': { type: 'string', default: '127.0.0.1:9092' },
    topics: { type: 'string', default: 'delivery.delivered.v1,delivery.seen.v1,delivery.failed.v1,delivery.answered.v1' },
    group: { type: 'string', default: 'status-changes' },
    store: { type: 'string', default: 'status-changes.journal' },
    schema: { type: 'string', default: fileURLToPath(new URL(`../../schemas/${schemaName}`, import.meta.url)) },
    until: { type: 'string', default: '0' }, // end after so many new events; 0: never
  },
})
if (!existsSync(options.schema)) {
  console.error(`${options.schema}: No such file; name a copy of ${schemaName} with --schema`)
  process.exit(1)
}
const schema = JSON.parse(readFileSync(options.schema, 'utf8'))
const valid = new Ajv({ strict: false, validateFormats: false }).compile(schema)
const utf8 = new TextDecoder('utf-8', { fatal: true })
const channels = new Set(['viber', 'sms', 'whatsapp', 'push', 'voice', 'unknown']) // open: all else is "other"

// The store: one line for each effect with its id, so that the two are written together. Your service has a database.
const handled = new Set()
const sequences = new Map()
const kept = existsSync(options.store) ? readFileSync(options.store) : Buffer.alloc(0)
const whole = kept.subarray(0, kept.lastIndexOf('\n') + 1) // a crash may have cut the last line
if (kept.length > whole.length) truncateSync(options.store, whole.length)
whole.toString().split('\n').filter(Boolean).forEach((line) => remember(JSON.parse(line)))
const journal = openSync(options.store, 'a')

function remember({ id, message, sequence }) {
  handled.add(id)
  if (message) sequences.set(message, Math.max(sequence, sequences.get(message) ?? 0))
}

/** What a record adds to the store: an effect, a value set aside for a person, or, when it is known, nothing. */
function entryOf(place, value) {
  let event
  try {
    event = JSON.parse(utf8.decode(value ?? Buffer.alloc(0)))
  } catch {
    return { id: place, reason: 'not JSON', value: value?.toString('base64') ?? null }
  }
  if (!valid(event)) {
    const [{ instancePath, keyword }] = valid.errors
    return { id: place, reason: `${instancePath || '/'}: ${keyword}`, value: value.toString('base64') }
  }
  const { event_id: id, type, sequence, account, message_id, extra_id, channel } = event
  const message = `${account}/${message_id ?? extra_id}`
  // Two topics may be read in any order: only a higher sequence is news of the message.
  const newest = sequence > (sequences.get(message) ?? 0)
  return { id, type, sequence, message, channel: channels.has(channel) ? channel : 'other', newest }
}

/** Writes the effects of one batch with their ids, and returns the new events. */
function handle(topic, partition, messages) {
  const entries = []
  for (const { offset, value } of messages) {
    const entry = entryOf(`${topic}/${partition}/${offset}`, value)
    if (!handled.has(entry.id)) entries.push(entry)
    remember(entry)
  }
  try {
    writeSync(journal, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
    fsyncSync(journal)
  } catch (error) {
    console.error(`${options.store}: ${error.message}`)
    process.exit(1) // what is remembered is not written: the next start reads the file and is sent the batch again
  }
  return entries
}

function report({ id, reason, value, ...event }) {
  if (reason) console.error(`set aside ${id}: ${reason}`)
  else console.log(JSON.stringify({ event_id: id, ...event }))
}

let stop
const stopped = new Promise((resolve) => (stop = resolve))
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, stop)

const kafka = new Kafka({ brokers: options['bootstrap-servers'].split(','), logLevel: logLevel.WARN })
const consumer = kafka.consumer({ groupId: options.group, readUncommitted: false })
consumer.on(consumer.events.CRASH, ({ payload: { restart } }) => {
  if (!restart) process.exit(1)
})
await consumer.connect()
await consumer.subscribe({ topics: options.topics.split(','), fromBeginning: true })
let fresh = 0
await consumer.run({
  autoCommit: false,
  eachBatchAutoResolve: false,
  // First the store, then the offsets. What is thrown by a commit is for kafkajs, which joins the group again.
  async eachBatch({ batch: { topic, partition, messages }, resolveOffset, commitOffsetsIfNecessary, uncommittedOffsets }) {
    const entries = handle(topic, partition, messages)
    entries.forEach(report)
    fresh += entries.filter(({ reason }) => !reason).length
    messages.forEach(({ offset }) => resolveOffset(offset))
    await commitOffsetsIfNecessary(uncommittedOffsets())
    if (options.until > 0 && fresh >= options.until) stop()
  },
})
await stopped
await consumer.disconnect()
closeSync(journal)
