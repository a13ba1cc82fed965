/** The look of the page: light, dark, on paper, and on a narrow screen. Colour never carries a meaning alone. */
export const STYLE = `
:root { color-scheme: light dark;
  --ground: #fff; --text: #1b1f24; --soft: #57606a; --line: #d0d7de; --fill: #f4f6f8;
  --held: #0b6e99; --violation: #b3201b; --inconclusive: #8a5a00; --bar: #3a7ca5; --against: #8a5a00; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #14171b; --text: #e6e9ed; --soft: #a3acb6; --line: #3a424b; --fill: #1e2329;
  --held: #5cb8e4; --violation: #ff8a80; --inconclusive: #e8b44c; --bar: #6aaed6; --against: #e8b44c; } }
@media print { :root { color-scheme: light;
  --ground: #fff; --text: #000; --soft: #444; --line: #bbb; --fill: #f4f4f4;
  --held: #0b6e99; --violation: #b3201b; --inconclusive: #8a5a00; --bar: #3a7ca5; --against: #8a5a00; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main, header, footer { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.5rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; break-after: avoid; }
h3 { font-size: 1rem; margin: 0 0 .4rem; }
p { margin: .4rem 0; max-width: 48rem; overflow-wrap: anywhere; }
.soft, footer, caption { color: var(--soft); }
footer { padding-bottom: 2rem; margin-top: 2.5rem; font-size: .875rem; }
.tiles { display: flex; flex-wrap: wrap; gap: .6rem; padding: 0; margin: 1rem 0; list-style: none; }
.tiles li { border: 1px solid var(--line); border-radius: 6px; padding: .4rem .8rem; min-width: 6.5rem; }
.tiles strong { display: block; font-size: 1.5rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .35rem 1.2rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; max-width: 52rem; overflow-wrap: anywhere; }
@media (max-width: 600px) { dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dd { margin-bottom: .6rem; } }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); gap: 1.6rem 2rem; }
.rates { display: flex; flex-wrap: wrap; gap: 1.2rem 2rem; } .rates > * { flex: 1 1 22rem; min-width: 0; } .rates > .chart { max-width: 28rem; }
.chart, .cells svg, .tiles li { break-inside: avoid; }
.chart { margin: 0; min-width: 0; }
.chart p { font-size: .875rem; }
svg { display: block; max-width: 100%; height: auto; overflow: visible; font: 12px system-ui, sans-serif; fill: var(--text); }
.cells { display: flex; flex-wrap: wrap; gap: .8rem 1rem; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; padding: 0; margin: .6rem 0; list-style: none; font-size: .875rem; }
.legend li { display: flex; align-items: center; gap: .4rem; }
.quiet { fill: var(--soft); } .axis { stroke: var(--line); fill: none; } .bar { fill: var(--bar); }
.here { fill: var(--bar); stroke: var(--bar); } .there { fill: var(--ground); stroke: var(--against); }
.held { fill: var(--held); } .violation { fill: none; stroke: var(--violation); stroke-width: 2.4; }
.inconclusive { fill: none; stroke: var(--inconclusive); stroke-width: 1.6; } .uncut, .unverified { fill: none; stroke: var(--soft); stroke-width: 1.6; }
.word-violation { color: var(--violation); font-weight: 700; } .word-inconclusive { color: var(--inconclusive); }
.scroll { overflow-x: auto; } .scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--bar); outline-offset: 2px; }
table { border-collapse: collapse; font-size: .875rem; width: 100%; }
caption { text-align: left; padding: .2rem 0 .4rem; }
caption span { display: block; position: sticky; left: 0; width: fit-content; max-width: calc(100vw - 2.5rem); }
th, td { border-bottom: 1px solid var(--line); padding: .3rem 1rem .3rem 0; text-align: left; vertical-align: top; }
thead th { white-space: nowrap; color: var(--soft); font-weight: 600; } tbody th { font-weight: 400; }
tbody th, .runs td, .rates td { white-space: nowrap; } .setup th:first-child { width: 1%; padding-right: 2rem; } .setup td { overflow-wrap: anywhere; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font-family: ui-monospace, monospace; white-space: nowrap; }
details { margin-top: .4rem; } summary { cursor: pointer; color: var(--soft); font-size: .875rem; }
@media print { body { font-size: 10pt; } .scroll { overflow: visible; } main, header, footer { max-width: none; padding: 0; }
  .rates { display: block; } .rates td { white-space: normal; } .chart svg { max-width: 28rem; }
  table { font-size: 7.5pt; } th, td { padding-right: .5rem; } tr { break-inside: avoid; } thead { display: table-header-group; } summary { display: none; }
  details::details-content { content-visibility: visible; display: block; block-size: auto; } }`
