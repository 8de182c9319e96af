/**
 * Chain trust: signatures verified up to a root that was public when the capture was taken. Owns path building;
 * knows nothing of TLS or of verdicts.
 */

/** As in the report contract. */
export type TrustKind = "public-root" | "private-root" | "self-signed" | "incomplete" | "invalid-signature" | "unknown";

export interface Trust {
  readonly is: TrustKind;
  /** Subject (text) of the root reached, or the issuer nobody presented. */
  readonly anchor?: string;
  /** In words, when something could not be checked: `signature not checkable: md5WithRSAEncryption`. */
  readonly detail?: string;
  /** The anchor was given by the person with `--private-ca` / `--roots`. */
  readonly declared?: "private-ca" | "roots";
}
