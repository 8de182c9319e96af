/**
 * Cloudflare Gateway (Zero Trust) (Cloudflare): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const cloudflareGateway: InterceptorProduct = {
  id: "cloudflare-gateway",
  name: "Cloudflare Gateway (Zero Trust)",
  vendor: "Cloudflare",
  kind: "secure-web-gateway",
  vendorSitesArePublic: true,
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Cloudflare for Teams ECC Certificate Authority$/,
      confidence: "observed",
      source: "public observation (s_client chain)",
    },
    {
      field: "OU",
      pattern: /^Gateway Intermediate ECC Certificate Authority$/,
      confidence: "observed",
      source: "public observation",
    },
    {
      field: "CN",
      pattern: /^Gateway CA - Cloudflare Managed G\d+ [0-9a-f]{32}$/,
      confidence: "observed",
      source: "public observation",
    },
    { field: "CN", pattern: /^Cloudflare Corporate Zero Trust$/, confidence: "observed", source: "public observation" },
  ],
  notes: 'Do not match O="Cloudflare, Inc." alone: that is also a public CA (false positive).',
};
