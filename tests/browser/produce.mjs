// Produces a few records by the Kafka protocol: one request of version 3 with one batch of format 2, to partition 0.
import { connect } from 'node:net'
import { once } from 'node:events'

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value
})

function crc32c(bytes) {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff]
  return (crc ^ 0xffffffff) >>> 0
}

const int16 = (value) => Buffer.from([(value >> 8) & 0xff, value & 0xff])
const int32 = (value) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
const int64 = (value) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}
const text = (value) => Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])

function varint(value) {
  const bytes = []
  let rest = value < 0 ? -value * 2 - 1 : value * 2
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}

function batch(values) {
  const records = values.map((value, at) => {
    const bytes = Buffer.from(value)
    const body = [Buffer.from([0]), varint(0), varint(at), varint(-1), varint(bytes.length), bytes, varint(0)]
    const record = Buffer.concat(body)
    return Buffer.concat([varint(record.length), record])
  })
  const now = Date.now()
  const producer = [int64(-1), int16(-1), int32(-1), int32(values.length)]
  const checked = Buffer.concat([int16(0), int32(values.length - 1), int64(now), int64(now), ...producer, ...records])
  const crc = Buffer.alloc(4)
  crc.writeUInt32BE(crc32c(checked))
  const behind = Buffer.concat([int32(0), Buffer.from([2]), crc, checked])
  return Buffer.concat([int64(0), int32(behind.length), behind])
}

/** Sends the values and waits for the acknowledgement. */
export async function produce(address, topic, values) {
  const [host, port] = address.split(':')
  const records = batch(values)
  const header = [int16(0), int16(3), int32(1), text('browser-test')]
  const body = [int16(-1), int16(-1), int32(10_000), int32(1), text(topic), int32(1), int32(0), int32(records.length), records]
  const request = Buffer.concat([...header, ...body])
  const socket = connect(Number(port), host)
  socket.write(Buffer.concat([int32(request.length), request]))
  const [answer] = await once(socket, 'data')
  socket.destroy()
  // Length, correlation id, one topic with its name, one partition with its number, and then the code.
  const code = answer.readInt16BE(4 + 4 + 4 + 2 + Buffer.byteLength(topic) + 4 + 4)
  if (code !== 0) throw new Error(`produce failed with code ${code}`)
}
