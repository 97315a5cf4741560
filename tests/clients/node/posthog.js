// PostHog's Node client as a product uses it: URL KEY STEM COUNT. Prints the ids of its messages.
import { createHash } from 'node:crypto'
import { PostHog } from 'posthog-node'

const [url, key, stem, count] = process.argv.slice(2)
const uuid = (n) => {
  const hex = createHash('sha256').update(`${stem}-${n}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
const failed = []
const options = {
  host: url, flushAt: 10, maxBatchSize: 10, flushInterval: 100, fetchRetryCount: 10, fetchRetryDelay: 200,
}
const client = new PostHog(key, options)
client.on('error', (error) => failed.push(error))
const ids = []
client.groupIdentify({ groupType: 'company', groupKey: stem, properties: { name: 'Acme', arr: 48000 } })
const groups = { company: stem }
for (let n = 0; n < Number(count); n++) {
  ids.push(uuid(n))
  const properties = { format: 'pdf' }
  client.capture({ distinctId: 'u-1', event: 'Report Exported', properties, groups, uuid: ids.at(-1) })
}
client.identify({ distinctId: 'u-1', properties: { email: 'ann@acme.example' } })
await client.shutdown(60_000)
console.log(ids.join('\n'))
console.error(failed)
process.exit(failed.length ? 1 : 0)
