/** A sample of how a layer is drawn, for legends. */

import type { LegendSymbol, Pattern } from "../api/types";
import { themed } from "../map/style";
import { theme } from "../state/preferences";

const WIDTH = 18;
const HEIGHT = 12;

export function Sample({ symbol }: { symbol: LegendSymbol }) {
  const colour = themed(symbol.color, symbol.color_night, theme.value) ?? "currentColor";
  return (
    <svg class="sample" width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      {symbol.kind === "point" ? (
        <Point symbol={symbol} colour={colour} />
      ) : symbol.kind === "line" ? (
        <Line symbol={symbol} colour={colour} />
      ) : (
        <Area symbol={symbol} colour={colour} />
      )}
    </svg>
  );
}

function Area({ symbol, colour }: { symbol: LegendSymbol; colour: string }) {
  const edge = themed(symbol.outline, symbol.outline_night, theme.value);
  return (
    <>
      <rect
        x={0.5}
        y={0.5}
        width={WIDTH - 1}
        height={HEIGHT - 1}
        fill={colour}
        fill-opacity={symbol.opacity ?? 1}
        stroke={edge ?? "var(--edge)"}
        stroke-opacity={edge ? 1 : 0.5}
      />
      {symbol.pattern && <PatternLines pattern={symbol.pattern} kind={symbol.kind} colour={colour} />}
    </>
  );
}

function PatternLines({ pattern, kind, colour }: { pattern: Pattern; kind: string; colour: string }) {
  const ink = kind === "raster" ? "var(--depth-mark)" : colour;
  if (pattern === "dots") {
    return (
      <g fill={ink}>
        {[3, 9, 15].flatMap((x) => [3.5, 8.5].map((y) => <circle key={`${x}${y}`} cx={x} cy={y} r={1} />))}
      </g>
    );
  }
  const step = pattern === "dense" ? 3 : 6;
  const offsets = Array.from({ length: Math.ceil(30 / step) }, (_, index) => index * step - 6);
  const rising = offsets.map((x) => `M${x} ${HEIGHT}l${HEIGHT} -${HEIGHT}`).join("");
  const falling = offsets.map((x) => `M${x} 0l${HEIGHT} ${HEIGHT}`).join("");
  const grid = "M0 4h18M0 8h18M6 0v12M12 0v12";
  const path = { hatch: rising, dense: rising, hatch_back: falling, cross: rising + falling, grid }[pattern];
  return <path d={path} stroke={ink} stroke-width={1} fill="none" />;
}

function Line({ symbol, colour }: { symbol: LegendSymbol; colour: string }) {
  const casing = themed(symbol.casing, symbol.casing_night, theme.value);
  const width = Math.min(5, symbol.width ?? 1.5);
  const path = `M0 ${HEIGHT / 2}h${WIDTH}`;
  return (
    <>
      {casing && <path d={path} stroke={casing} stroke-width={width + 2} />}
      <path
        d={path}
        stroke={colour}
        stroke-width={width}
        stroke-dasharray={symbol.dash?.map((part) => part * width).join(" ")}
      />
    </>
  );
}

function Point({ symbol, colour }: { symbol: LegendSymbol; colour: string }) {
  const edge = themed(symbol.stroke, symbol.stroke_night, theme.value);
  // A symbol of the colour of its own edge is a ring on the map, and here.
  const paint = {
    fill: colour,
    stroke: edge === colour ? "var(--ink-2)" : (edge ?? "var(--edge)"),
    "stroke-width": 1,
  };
  const r = Math.min(5, Math.max(3, symbol.radius ?? 4));
  const [x, y] = [WIDTH / 2, HEIGHT / 2];
  switch (symbol.shape) {
    case "square":
      return <rect x={x - r * 0.85} y={y - r * 0.85} width={r * 1.7} height={r * 1.7} {...paint} />;
    case "diamond":
      return <path d={`M${x} ${y - r}L${x + r} ${y}L${x} ${y + r}L${x - r} ${y}Z`} {...paint} />;
    case "triangle":
      return <path d={`M${x} ${y - r}L${x + r} ${y + r * 0.8}L${x - r} ${y + r * 0.8}Z`} {...paint} />;
    case "sector":
      return (
        <>
          <path d={`M${x - 5} ${y}L${x + 7} ${y - 5}V${y + 5}Z`} fill={colour} fill-opacity={0.3} />
          <circle cx={x - 5} cy={y} r={2.5} {...paint} />
        </>
      );
    default:
      return <circle cx={x} cy={y} r={r} {...paint} />;
  }
}
