// Mixpanel's Node client as a product uses it: URL KEY STEM COUNT. Prints the ids of its events.
// All but batches it sends in the address of a GET.
import { promisify } from 'node:util'
import Mixpanel from 'mixpanel'

const [url, key, stem, count] = process.argv.slice(2)
const { host, protocol } = new URL(url)
const client = Mixpanel.init(key, { host, protocol: protocol.replace(':', '') })
const track = promisify(client.track.bind(client))
const ids = []
await promisify(client.groups.set.bind(client.groups))('company_id', stem, { name: 'Acme' })
for (let n = 0; n < 5; n++) {
  ids.push(`${stem}-${n}`)
  await track('Report Exported', { distinct_id: 'u-1', company_id: stem, format: 'pdf', $insert_id: ids.at(-1) })
}
await promisify(client.people.set.bind(client.people))('u-1', { $email: 'ann@acme.example' })
const batch = []
for (let n = ids.length; n < Number(count); n++) {
  ids.push(`${stem}-${n}`)
  const properties = { distinct_id: 'u-1', company_id: stem, format: 'pdf', $insert_id: ids.at(-1) }
  batch.push({ event: 'Report Exported', properties })
}
await promisify(client.track_batch.bind(client))(batch)
console.log(ids.join('\n'))
