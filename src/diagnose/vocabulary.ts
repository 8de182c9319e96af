/**
 * The closed lists of words in which a diagnosis is given. Owns the words and the order of causes; knows nothing of how
 * any of them is reached or shown.
 */

/** Worst first: when several are true of one connection, the first in this order is its cause. */
export const CAUSES = [
  "tls-interception",
  "captive-portal",
  "proxy-auth-required",
  "proxy-denied",
  "proxy-upstream-failed",
  "port-blocked",
  "port-refused",
  "reset-on-hello",
  "path-mtu-black-hole",
  "client-certificate-required",
  "tls-version-mismatch",
  "tls-alert",
  "certificate-expired",
  "certificate-not-yet-valid",
  "name-mismatch",
  "self-signed",
  "private-ca",
  "local-agent",
  "non-tls-answer",
  "closed-without-answer",
  "no-answer",
  "packet-loss",
  "capture-incomplete",
] as const;
export type Cause = (typeof CAUSES)[number];

/**
 * - `proven`: nothing else explains it
 * - `likely`: two independent signs
 * - `possible`: has innocent explanations; never sets a verdict
 */
export const CONFIDENCES = ["proven", "likely", "possible"] as const;
export type Confidence = (typeof CONFIDENCES)[number];
