// `node bench/repeat.mjs IN.pcap TIMES`: the same capture again and again, on stdout, every time with other addresses in all of its
// packets. For little-endian pcap of Ethernet.
import { closeSync, openSync, readSync, writeSync } from "node:fs";

const [file, times] = process.argv.slice(2);
if (times === undefined) {
  process.stderr.write("usage: node bench/repeat.mjs IN.pcap TIMES\n");
  process.exit(2);
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const chunk = Buffer.alloc(1 << 21);

for (let round = 0; round < Number(times); round++) {
  const descriptor = openSync(file);
  const header = readSync(descriptor, chunk, 0, FILE_HEADER, null);
  if (round === 0) write(header);
  let have = 0;
  for (;;) {
    const got = readSync(descriptor, chunk, have, chunk.length - have, null);
    if (got === 0) break;
    have += got;
    const whole = change(have, round);
    write(whole);
    chunk.copyWithin(0, whole, have);
    have -= whole;
  }
  closeSync(descriptor);
}

/** Changes the first byte of every address; answers where the last whole record ends. */
function change(length, round) {
  let end = 0;
  while (end + RECORD_HEADER <= length) {
    const frame = end + RECORD_HEADER;
    const next = frame + chunk.readUInt32LE(end + 8);
    if (next > length) break;
    const six = chunk.readUInt16BE(frame + 12) === 0x86dd;
    for (const address of six ? [22, 38] : [26, 30]) chunk[frame + address] ^= round;
    end = next;
  }
  return end;
}

function write(length) {
  for (let at = 0; at < length; ) at += writeSync(1, chunk, at, length - at);
}
