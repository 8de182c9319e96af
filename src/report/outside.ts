/**
 * What a connection shows from outside, in a line of text: the flight that TLS 1.3 encrypts, by the lengths of its records, and the
 * system that answered, by its SYN-ACK and its times. Owns the wording; judges nothing.
 */
import { milliseconds, plural } from "../diagnose/words.ts";
import type { ReportConnection } from "./schema.ts";

/** `RSA 2048 key, Certificate of 2743 bytes, ALPN h2`; undefined when nothing is to be read, or decryption shows it. */
export function flightText({ tls }: ReportConnection): string | undefined {
  const flight = tls?.flight;
  if (flight === undefined || tls?.decrypted === true) return undefined;
  if (flight.layout === "joined-or-padded")
    return `${plural(flight.server.length, "record")} of ${flight.server.join(", ")} bytes, of several messages each or padded`;
  const { key, certificate, perhapsCompressed, alpn, protocol, answer } = flight;
  const parts = [
    key === undefined ? undefined : `${key} key`,
    certificate === undefined
      ? undefined
      : `Certificate of ${certificate} bytes${perhapsCompressed === true ? " (perhaps compressed)" : ""}`,
    alpn === undefined ? undefined : `ALPN ${alpn === "not-answered" ? "not answered" : (protocol ?? "answered")}`,
    answer === "alert" ? "the client answers with an alert" : undefined,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(", ");
}

/** `x25519, after a HelloRetryRequest for x25519`; undefined when there is nothing beyond version and cipher. */
export function choiceText({ tls }: ReportConnection): string | undefined {
  if (tls?.cipher === undefined) return undefined;
  const { cipher, group, helloRetryRequest: retry } = tls;
  const asked = retry?.group === undefined ? "" : ` for ${retry.group}`;
  const parts = [cipher, ...(group === undefined ? [] : [group])].join(", ");
  return retry === undefined ? parts : `${parts}, after a HelloRetryRequest${asked}`;
}

/** `SYN-ACK after 0.09 ms, answer to the hello after 62 ms; TTL 64, window 65160, mss 1460,…`; undefined when neither is known. */
export function serverText({ timing, tcp }: ReportConnection): string | undefined {
  const times = timesOf(timing, "SYN-ACK after", "answer to the hello after");
  const { synAck, dataTtl } = tcp ?? {};
  if (synAck === undefined) return times;
  const ttl = dataTtl === undefined ? `TTL ${synAck.ttl}` : `TTL ${synAck.ttl}, of its data ${dataTtl}`;
  const options = synAck.options === "" ? "no options" : synAck.options;
  return [times, `${ttl}, window ${synAck.window}, ${options}`].filter((part) => part !== undefined).join("; ");
}

/** In as few words: `SYN-ACK 0.09 ms, hello 62 ms, TTL 64`. */
export function serverBrief({ timing, tcp }: ReportConnection): string | undefined {
  const times = timesOf(timing, "SYN-ACK", "hello");
  const ttl = tcp?.synAck === undefined ? undefined : `TTL ${tcp.synAck.ttl}`;
  const parts = [times, ttl].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(", ");
}

function timesOf({ tcpRtt, hello }: ReportConnection["timing"], first: string, second: string): string | undefined {
  const parts = [
    tcpRtt === undefined ? undefined : `${first} ${milliseconds(tcpRtt)}`,
    hello === undefined ? undefined : `${second} ${milliseconds(hello)}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(", ");
}
