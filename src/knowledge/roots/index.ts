/**
 * Public root certificates with the days they were public. Data only: how a chain is judged is `protocol/x509/trust.ts`.
 */
export { MOZILLA_ROOTS as PUBLIC_ROOTS } from "./mozilla.ts";
