/**
 * The style of the HTML report. Owns looks alone: readable from 400 to 1400 pixels, in light and dark, and on paper. No external font
 * or picture; the page's policy names the digest of this text.
 */
export const STYLE = `
:root { color-scheme: light dark;
  --ink: #1b1f24; --soft: #57606a; --paper: #ffffff; --shade: #f4f6f8; --rule: #d5dae0; --code: #eef1f4;
  --bad: #b3141d; --bad-paper: #fdeeee; --warn: #8a5200; --warn-paper: #fdf4e3; --good: #16682f; --good-paper: #e9f6ec; --link: #0a55b8; }
@media (prefers-color-scheme: dark) { :root {
  --ink: #e4e8ec; --soft: #a3adb8; --paper: #14181d; --shade: #1b2127; --rule: #343d47; --code: #232b33;
  --bad: #ff8a86; --bad-paper: #3a1c1e; --warn: #f0b456; --warn-paper: #352a16; --good: #7ed492; --good-paper: #18301f; --link: #7fb4ff; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 76rem; padding: 1.25rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; overflow-wrap: break-word; }
h1 { margin: 0 0 .4rem; font-size: 1.6rem; line-height: 1.2; letter-spacing: .01em; }
h2 { margin: 2.2rem 0 .6rem; padding-bottom: .25rem; border-bottom: 2px solid var(--rule); font-size: 1.25rem; line-height: 1.3; }
h3 { margin: 1.6rem 0 .4rem; font-size: 1.02rem; line-height: 1.35; }
p { margin: .5rem 0; max-width: 62rem; }
ul { margin: .5rem 0; padding-left: 1.3rem; max-width: 62rem; }
li { margin: .3rem 0; }
a { color: var(--link); }
b.bad { color: var(--bad); } b.warn { color: var(--warn); } b.good { color: var(--good); } b.dim { color: var(--soft); font-weight: normal; }
code { padding: .05em .3em; border-radius: .25em; background: var(--code); font: .88em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  -webkit-box-decoration-break: clone; box-decoration-break: clone; }
pre { margin: .5rem 0; padding: .6rem .8rem; border-radius: .3rem; background: var(--code); overflow-x: auto; } pre code { padding: 0; background: none; }
.answer { padding: 1rem 1.2rem; border-left: .4rem solid var(--soft); border-radius: .3rem; background: var(--shade); }
.answer p { max-width: none; } .headline { font-size: 1.1rem; }
.answer.bad { border-color: var(--bad); background: var(--bad-paper); } .answer.bad h1 { color: var(--bad); }
.answer.warn { border-color: var(--warn); background: var(--warn-paper); } .answer.warn h1 { color: var(--warn); }
.answer.good { border-color: var(--good); background: var(--good-paper); } .answer.good h1 { color: var(--good); }
table { width: 100%; margin: .7rem 0 1rem; border-collapse: collapse; font-size: .93rem; }
th, td { padding: .4rem .6rem; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: top; }
th { color: var(--soft); font-size: .82rem; font-weight: 600; white-space: nowrap; }
td.short, code.name { white-space: nowrap; } .short wbr, .name wbr { display: none; }
td .label { display: none; }
footer { margin-top: 2.5rem; border-top: 2px solid var(--rule); color: var(--soft); font-size: .85rem; }
.ladder { max-width: 56rem; background: var(--shade); font-variant-numeric: tabular-nums; }
.ladder th, .ladder td { border: 0; padding: .3rem .6rem; }
.ladder th:nth-child(-n+2), .ladder td:nth-child(-n+2) { width: 1%; text-align: right; color: var(--soft); white-space: nowrap; vertical-align: middle; }
.ladder th:last-child, .ladder td:last-child { padding-left: 1rem; padding-right: 1rem; white-space: normal; }
.ends, .rung { display: flex; align-items: center; gap: .5rem; } .ends { justify-content: space-between; }
.rung { padding: 0 .5rem; border-left: 2px solid var(--soft); border-right: 2px solid var(--soft); }
.rung .line { flex: 1 1 0; min-width: 1rem; border-top: 1.5px solid var(--soft); } .rung .head { margin: 0 -.5rem; color: var(--soft); font-size: .8em; }
.ladder .between { text-align: center; color: var(--soft); }
.ladder .bad .message, .ladder .bad .between { color: var(--bad); font-weight: 600; }
@media (max-width: 46rem) {
  body { padding: .8rem; } h1 { font-size: 1.35rem; } .answer { padding: .8rem; }
  table[role], table[role] tbody, table[role] tr { display: block; } table[role] thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  td.short, code.name { white-space: normal; } .short wbr, .name wbr { display: inline; }
  table[role] tr { margin: .6rem 0; padding: .3rem .7rem; border: 1px solid var(--rule); border-radius: .3rem; }
  table[role] td { display: grid; grid-template-columns: 6.2rem minmax(0, 1fr); gap: .5rem; padding: .25rem 0; border: 0; } table[role] td.empty { display: none; }
  td .label { display: block; color: var(--soft); font-size: .82rem; font-weight: 600; line-height: 1.7; }
  .ends { flex-direction: column; align-items: flex-start; gap: 0; } .ends span:last-child { align-self: flex-end; }
  .ladder th, .ladder td { padding: .3rem; } .ladder th:last-child, .ladder td:last-child { padding-left: .6rem; padding-right: .6rem; }
}
@media print {
  :root { color-scheme: light; --ink: #000; --soft: #444; --paper: #fff; --shade: #f4f4f4; --rule: #bbb; --code: #f0f0f0;
    --bad: #a00; --bad-paper: #fff; --warn: #7a4a00; --warn-paper: #fff; --good: #0a5a24; --good-paper: #fff; --link: #000; }
  @page { margin: 15mm; } body { max-width: none; padding: 0; font-size: 10pt; }
  pre { white-space: pre-wrap; } code.name { white-space: normal; } .name wbr { display: inline; } h2, h3 { break-after: avoid; } tr, li, .ladder, .answer { break-inside: avoid; } thead { display: table-header-group; }
}
`;
