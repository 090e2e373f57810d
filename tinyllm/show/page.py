"""The frame of a page that needs neither a network nor other files, and its tables."""

from string import Template

from tinyllm.show.chart import escaped


def framed(title, body):
    """A title, HTML -> the whole page, as text."""
    return PAGE.substitute(title=escaped(title), body=body)


def table(heads, rows):
    """A table of cells that are HTML; on a narrow screen it can be moved sideways."""
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


PAGE = Template("""<!doctype html>
<html lang="pt-BR">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
body { max-width: 76rem; margin: 0 auto; padding: 1rem; background: #fff; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1f2933; }
h1 { font-size: 1.6rem; }
h2 { font-size: 1.25rem; margin-top: 2.2rem; }
h3 { font-size: 1rem; margin: 1rem 0 0; color: #52606d; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #e4e7eb; }
.mark { display: inline-block; width: .8em; height: .8em; margin-right: .5em; print-color-adjust: exact; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; list-style: none; }
label { margin: 0 1rem 0 .3rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1.5rem; }
figure { margin: 0; break-inside: avoid; }
figcaption { font-weight: 600; }
small { font-weight: 400; color: #52606d; }
#steps:checked ~ .charts .by-time, #time:checked ~ .charts .by-steps { display: none; }
.chart { width: 100%; max-width: 44rem; height: auto; font-size: 13px; fill: #52606d; print-color-adjust: exact; }
.chart polyline { fill: none; stroke-width: 2; stroke-linejoin: round; }
.grid { stroke: #e4e7eb; }
.cell { text-align: right; padding: .3rem .8rem; print-color-adjust: exact; }
.told { white-space: pre-wrap; overflow-wrap: anywhere; }
.sample { margin: 1rem 0; padding-left: 1rem; border-left: 3px solid #cbd2d9; break-inside: avoid; }
.sample p { margin: .2rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
@media print {
  body { max-width: none; font-size: 11px; }
  .charts { grid-template-columns: 1fr 1fr; }
  input, label { display: none; }
}
</style>
</head>
<body>
$body
</body>
</html>
""")
