/**
 * When what the rules cite was published, by the beginning of its address: people who are to be convinced ask how old a source is. Data
 * only. Of pages that change without a date none is claimed.
 */
export const PUBLICATIONS: Readonly<Record<string, string>> = {
  "https://www.rfc-editor.org/rfc/rfc1812": "RFC 1812, June 1995",
  "https://www.rfc-editor.org/rfc/rfc1928": "RFC 1928, March 1996",
  "https://www.rfc-editor.org/rfc/rfc2923": "RFC 2923, September 2000",
  "https://www.rfc-editor.org/rfc/rfc3135": "RFC 3135, June 2001",
  "https://www.rfc-editor.org/rfc/rfc4821": "RFC 4821, March 2007",
  "https://www.rfc-editor.org/rfc/rfc5077": "RFC 5077, January 2008",
  "https://www.rfc-editor.org/rfc/rfc5246": "RFC 5246, August 2008",
  "https://www.rfc-editor.org/rfc/rfc5280": "RFC 5280, May 2008",
  "https://www.rfc-editor.org/rfc/rfc6125": "RFC 6125, March 2011",
  "https://www.rfc-editor.org/rfc/rfc6298": "RFC 6298, June 2011",
  "https://www.rfc-editor.org/rfc/rfc6585": "RFC 6585, April 2012",
  "https://www.rfc-editor.org/rfc/rfc8446": "RFC 8446, August 2018",
  "https://www.rfc-editor.org/rfc/rfc8489": "RFC 8489, February 2020",
  "https://www.rfc-editor.org/rfc/rfc8656": "RFC 8656, February 2020",
  "https://www.rfc-editor.org/rfc/rfc8952": "RFC 8952, November 2020",
  "https://www.rfc-editor.org/rfc/rfc9110": "RFC 9110, June 2022",
  "https://www.rfc-editor.org/rfc/rfc9293": "RFC 9293, August 2022",
  "https://www.rfc-editor.org/rfc/rfc9525": "RFC 9525, November 2023",
  "https://jhalderm.com/pub/papers/interception-ndss17.pdf": "NDSS 2017",
  "https://dl.acm.org/doi/10.1145/2987443.2987455": "IMC 2016",
};
