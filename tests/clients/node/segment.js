// Segment's Node client as a product uses it: URL KEY STEM COUNT. Prints the ids of its messages.
import { Analytics } from '@segment/analytics-node'

const [url, key, stem, count] = process.argv.slice(2)
const failed = []
const client = new Analytics({ host: url, writeKey: key, flushAt: 10, flushInterval: 100, maxRetries: 10 })
client.on('error', (error) => failed.push(error))
const ids = [`${stem}-group`, `${stem}-identify`, `${stem}-page`]
client.group({ userId: 'u-1', groupId: stem, traits: { name: 'Acme', arr: 48000, seats: null }, messageId: ids[0] })
client.identify({ userId: 'u-1', traits: { email: 'ann@acme.example' }, messageId: ids[1] })
client.page({ userId: 'u-1', name: 'Reports', messageId: ids[2] })
for (let n = 0; n < Number(count); n++) {
  ids.push(`${stem}-${n}`)
  const properties = { format: 'pdf' }
  client.track({ userId: 'u-1', event: 'reportExported', properties, context: { groupId: stem }, messageId: ids.at(-1) })
}
await client.closeAndFlush({ timeout: 60_000 })
console.log(ids.join('\n'))
console.error(failed)
process.exit(failed.length ? 1 : 0)
