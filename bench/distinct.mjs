// `node bench/distinct.mjs IN.pcap OUT.pcap`: the same capture with every server certificate distinct, as if each connection were to a
// server of its own: the last bytes of the serial numbers become the number of the connection. Signatures do not fit any more (verifying
// takes as long), nor do TCP's checksums (nobody looks at them). For little-endian pcap of Ethernet, handshakes up to TLS 1.2.
import { closeSync, openSync, readSync, statSync, writeSync } from "node:fs";

const [from, to] = process.argv.slice(2);
if (to === undefined) {
  process.stderr.write("usage: node bench/distinct.mjs IN.pcap OUT.pcap\n");
  process.exit(2);
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const CHUNK = 1 << 22;
/** Bytes of a server's stream in which its certificates are. */
const STREAM = 8192;
const CERTIFICATE = 11;

/** By the endpoints, the server first: its stream's start, while it is looked through its bytes, then where the serials are. */
const flows = new Map();

each((chunk, frame, end) => look(chunk, frame, end));
const out = openSync(to, "w");
each(patch, (chunk, length) => writeSync(out, chunk, 0, length));
closeSync(out);
const found = [...flows.values()].filter(({ serials }) => serials.length > 0);
process.stdout.write(`${found.length} connections with certificates of their own, ${statSync(to).size} bytes\n`);

/** Calls `visit` for every frame, and `done` for whole records. */
function each(visit, done = () => {}) {
  const descriptor = openSync(from);
  let have = 0;
  let first = true;
  const chunk = Buffer.alloc(2 * CHUNK);
  for (;;) {
    const got = readSync(descriptor, chunk, have, CHUNK);
    if (got === 0) break;
    have += got;
    let at = first ? FILE_HEADER : 0;
    first = false;
    while (at + RECORD_HEADER <= have) {
      const next = at + RECORD_HEADER + chunk.readUInt32LE(at + 8);
      if (next > have) break;
      visit(chunk, at + RECORD_HEADER, next);
      at = next;
    }
    done(chunk, at);
    chunk.copyWithin(0, at, have);
    have -= at;
  }
  closeSync(descriptor);
}

function segment(chunk, frame, end) {
  const six = chunk.readUInt16BE(frame + 12) === 0x86dd;
  const ip = frame + 14;
  const tcp = ip + (six ? 40 : (chunk[ip] & 15) * 4);
  const addresses = six ? chunk.subarray(ip + 8, ip + 40) : chunk.subarray(ip + 12, ip + 20);
  const half = addresses.length / 2;
  const [source, target] = [addresses.subarray(0, half), addresses.subarray(half)].map((bytes) =>
    bytes.toString("hex"),
  );
  const key = `${source} ${chunk.readUInt16BE(tcp)} ${target} ${chunk.readUInt16BE(tcp + 2)}`;
  const start = tcp + (chunk[tcp + 12] >> 4) * 4;
  return { key, flags: chunk[tcp + 13], sequence: chunk.readUInt32BE(tcp + 4), start, length: end - start };
}

function look(chunk, frame, end) {
  const { key, flags, sequence, start, length } = segment(chunk, frame, end);
  if ((flags & 0x12) === 0x12) {
    flows.set(key, {
      begin: (sequence + 1) >>> 0,
      bytes: Buffer.alloc(STREAM),
      got: 0,
      serials: [],
      number: flows.size,
    });
    return;
  }
  const flow = flows.get(key);
  if (flow?.bytes === undefined || length === 0) return;
  const at = (sequence - flow.begin) >>> 0;
  if (at < STREAM) flow.got += chunk.copy(flow.bytes, at, start, end);
  const serials = serialsIn(flow.bytes.subarray(0, flow.got));
  if (serials === undefined && flow.got < STREAM) return;
  flow.serials = serials ?? [];
  flow.bytes = undefined;
}

/** Where in the stream the serial numbers of its Certificate message end; undefined while that is not all there. */
function serialsIn(stream) {
  for (let record = 0; record + 9 < stream.length && stream[record] === 22; ) {
    const end = record + 5 + stream.readUInt16BE(record + 3);
    if (end > stream.length) return undefined;
    for (let message = record + 5; message + 7 < end; message += 4 + stream.readUIntBE(message + 1, 3)) {
      if (stream[message] !== CERTIFICATE) continue;
      const serials = [];
      const last = Math.min(end, message + 4 + stream.readUIntBE(message + 1, 3));
      for (let at = message + 7; at + 20 < last; at += 3 + stream.readUIntBE(at, 3)) {
        // SEQUENCE { SEQUENCE { [0] version, INTEGER serial: the first two have lengths of two bytes.
        const serial = at + 3 + 4 + 4 + 5;
        if (stream[serial] === 2 && stream[serial + 1] > 4) serials.push(serial + 2 + stream[serial + 1]);
      }
      return serials;
    }
    record = end;
  }
  return undefined;
}

function patch(chunk, frame, end) {
  const { key, sequence, start, length } = segment(chunk, frame, end);
  const flow = flows.get(key);
  if (flow === undefined || length === 0) return;
  const at = (sequence - flow.begin) >>> 0;
  for (const serial of flow.serials) {
    for (let byte = 0; byte < 4; byte++) {
      const place = serial - 4 + byte - at;
      if (place >= 0 && place < length) chunk[start + place] = flow.number >>> (8 * (3 - byte));
    }
  }
}
