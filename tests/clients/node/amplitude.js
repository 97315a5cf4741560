// Amplitude's Node client as a product uses it: URL KEY STEM COUNT. Prints the ids of its events.
import { Identify, createInstance } from '@amplitude/analytics-node'

const [url, key, stem, count] = process.argv.slice(2)
const client = createInstance()
await client.init(key, { serverUrl: `${url}/2/httpapi`, flushQueueSize: 10, flushIntervalMillis: 100 }).promise
const groups = { company: stem }
const sent = [
  client.groupIdentify('company', stem, new Identify().set('name', 'Acme').set('arr', 48000), { user_id: 'u-1' }),
]
const ids = []
for (let n = 0; n < Number(count); n++) {
  ids.push(`${stem}-${n}`)
  const event = { event_type: 'Report Exported', event_properties: { format: 'pdf' }, groups, insert_id: ids.at(-1) }
  sent.push(client.track({ ...event, user_id: 'u-1' }))
}
sent.push(client.identify(new Identify().set('email', 'ann@acme.example'), { user_id: 'u-1' }))
const answers = await Promise.all(sent.map((one) => one.promise))
const failed = answers.filter((one) => one.code !== 200)
console.log(ids.join('\n'))
console.error(failed.map((one) => one.message))
process.exit(failed.length ? 1 : 0)
