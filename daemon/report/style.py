"""The style sheet of the report's page: one column, ruled tables, figures that line up."""

STYLE = """
:root{color-scheme:light dark;
--paper:#fff;--ink:#16181d;--soft:#5a6069;--hair:#d9dce1;--rule:#16181d;--wash:#f5f6f8;
--source:#44607f;--books:#8a6d3b;--less:#9c4a3c;--more:#3d7158;--alarm:#a3161a;--alarm-wash:#fdf1f0;
--fine:#2c6148}
@media (prefers-color-scheme:dark){:root{
--paper:#15171b;--ink:#e7e9ec;--soft:#a0a7b1;--hair:#343941;--rule:#b9bfc8;--wash:#1d2025;
--source:#86a8cf;--books:#cfae73;--less:#d98a7b;--more:#7fbd9d;--alarm:#ff8f88;--alarm-wash:#2b1a1a;
--fine:#8fcaa9}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,"Liberation Sans",
sans-serif;
font-variant-numeric:tabular-nums lining-nums}
main{max-width:62rem;margin:0 auto;padding:2.5rem 1.5rem 4rem}
h1,h2,h3{font-family:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Georgia,
"DejaVu Serif",serif;font-weight:600;line-height:1.2;text-wrap:balance}
h1{font-size:2rem;margin:0}
h2{font-size:1.35rem;margin:3rem 0 .25rem;padding-top:1rem;border-top:2px solid var(--rule)}
h3{font-size:1.02rem;margin:2rem 0 .15rem}
p{margin:.35rem 0}
.who{font-size:1.05rem;margin:0 0 .4rem}
.soft,caption,.trace,.note{color:var(--soft)}
.note{font-size:.87rem;max-width:46rem}
a{color:inherit;text-decoration:underline;text-decoration-color:var(--soft);
text-decoration-thickness:1px;text-underline-offset:.18em}
.verdict{margin:1.5rem 0 0;padding:.9rem 1.1rem;background:var(--wash);
border-left:4px solid var(--fine)}
.verdict strong{color:var(--fine)}
.verdict.bad{background:var(--alarm-wash);border-left-color:var(--alarm)}
.verdict.bad strong,.alarm,.alarm td,.alarm th{color:var(--alarm)}
.caution{margin:.75rem 0 0;padding:.6rem 1.1rem;border:1px solid var(--hair);
border-left:4px solid var(--books)}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.2rem 1.5rem;margin:1.25rem 0 0;
font-size:.9rem}
time{white-space:nowrap}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
code{font:.86em ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;
overflow-wrap:anywhere}
table{width:100%;border-collapse:collapse;margin:.6rem 0 0}
caption{text-align:left;font-size:.87rem;padding:0 0 .4rem}
th,td{text-align:left;font-weight:400;padding:.38rem .75rem .38rem 0;vertical-align:baseline;
border-bottom:1px solid var(--hair);overflow-wrap:anywhere}
th:last-child,td:last-child{padding-right:0}
thead .n{white-space:normal}
thead th,thead td{font-size:.8rem;color:var(--soft);border-bottom:1px solid var(--rule);
vertical-align:bottom}
.n{text-align:right;white-space:nowrap;overflow-wrap:normal}
.total th,.total td{font-weight:650;border-bottom:1px solid var(--rule)}
.last th,.last td{border-top:1px solid var(--rule);border-bottom:3px double var(--rule)}
.step th{padding-left:1.25rem}
.memo th,.memo td{color:var(--soft);font-size:.9rem}
.draw{width:30%;vertical-align:middle;padding-left:.75rem}
svg{display:block;width:100%;height:18px}
.source{fill:var(--source)}.books{fill:var(--books)}.less{fill:var(--less)}.more{fill:var(--more)}
.unknown{fill:var(--alarm)}.mark{fill:var(--ink)}.rule{stroke:var(--hair);stroke-width:1;
vector-effect:non-scaling-stroke}
.why{font-size:.87rem}
.trace{display:block;font-size:.76rem}
.wide,.records{table-layout:fixed}
.wide .draw{width:27%}.wide th:first-child{width:17%}
.records th,.records td{font-size:.87rem}
.records .doc{width:22%}.records .day{width:11%}.records .n{width:12.5%}
.records .reason{padding-left:.9rem}
.sign{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:2rem;margin:3.5rem 0 0}
.sign p{border-top:1px solid var(--rule);padding-top:.35rem;margin:2.2rem 0 0;font-size:.87rem;
color:var(--soft)}
footer{margin:3rem 0 0;padding-top:.75rem;border-top:1px solid var(--hair);font-size:.8rem;
color:var(--soft)}
@media (max-width:44rem){
main{padding:1.5rem 1rem 3rem}
h1{font-size:1.6rem}
dl{grid-template-columns:1fr;gap:0}
dd{margin:0 0 .5rem}
.sign{grid-template-columns:1fr;gap:0}
.draw{display:none}
.records .reason{padding-left:0}
.wide .draw{grid-column:1/-1;padding:.15rem 0 .3rem;order:9}
.wide thead,.records thead{position:absolute;width:1px;height:1px;overflow:hidden;
clip-path:inset(50%)}
.wide,.wide tbody,.records,.records tbody{display:block;width:100%}
.wide tr,.records tr{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:.1rem 1rem;
padding:.6rem 0;border-bottom:1px solid var(--hair)}
.wide caption,.records caption{display:block}
.wide th,.wide td,.records th,.records td{display:block;width:auto!important;border:0;padding:0;
text-align:left;white-space:normal}
.wide tbody th,.records .doc,.records .reason{grid-column:1/-1}
[data-label]::before{content:attr(data-label);display:block;font-size:.76rem;color:var(--soft);
font-weight:400}
}
@media print{
@page{size:A4;margin:16mm 14mm 18mm;
@bottom-right{content:"Page " counter(page) " of " counter(pages);font:8pt sans-serif}}
html{font-size:10pt}
:root{color-scheme:light;--paper:#fff;--ink:#000;--soft:#444;--hair:#bbb;--rule:#000;--wash:#fff;
--alarm-wash:#fff;--source:#44607f;--books:#8a6d3b;--less:#9c4a3c;--more:#3d7158;--alarm:#a3161a;
--fine:#2c6148}
body{font-size:9.5pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}
main{max-width:none;padding:0}
h2{break-after:avoid;margin-top:1.6rem}
h3,caption{break-after:avoid}
a{text-decoration:none}
.records .day{width:12%}.records .doc{width:21%}
tr,.verdict,.sign,dl,.ages,.wide,.statement{break-inside:avoid}
thead{display:table-header-group}
}
"""
