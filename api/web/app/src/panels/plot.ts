/** Draws a series with uPlot; loaded when the first chart opens. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Datastream, SeriesPoint } from "../api/types";
import { formatNumber } from "../format/number";
import { DAY, formatClock, formatDateTime, formatDayMonth } from "../format/time";
import type { Lang } from "../i18n/messages";
import { columns } from "./series";

export interface Plot {
  update: (points: readonly SeriesPoint[]) => void;
  destroy: () => void;
}

const HEIGHT = 168;
/** A hole is drawn where nothing came for this many times the usual distance between points. */
const SILENCE = 4;

export function draw(box: HTMLElement, points: readonly SeriesPoint[], stream: Datastream, lang: Lang): Plot {
  const style = getComputedStyle(box);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const ink = colour("--ink-2");
  const line = colour("--accent");
  const font = `11px ${colour("--font-figures")}`;
  const axis = { stroke: ink, font, ticks: { show: false }, grid: { stroke: colour("--line"), width: 1 } };
  const plain = { points: { show: false }, width: 0, stroke: "transparent" };
  const data = (): uPlot.AlignedData => columns(points, silenceOf(points, stream));
  const plot = new uPlot(
    {
      width: Math.max(200, box.clientWidth),
      height: HEIGHT,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
      scales: { x: { time: true } },
      axes: [
        { ...axis, space: 64, size: 26, values: (_, times) => clockLabels(times) },
        { ...axis, size: 46, space: 30, values: (_, values) => values.map((v) => formatNumber(v, lang)) },
      ],
      series: [
        {},
        { stroke: line, width: 1.6, points: { show: points.length < 40, size: 4, fill: line } },
        plain,
        plain,
      ],
      bands: [{ series: [3, 2], fill: fade(line) }],
      plugins: [reading(stream, lang)],
    },
    data(),
    box,
  );
  const observer = new ResizeObserver(() =>
    plot.setSize({ width: Math.max(200, box.clientWidth), height: HEIGHT }),
  );
  observer.observe(box);
  return {
    update: (renewed) => plot.setData(columns(renewed, silenceOf(renewed, stream))),
    destroy: () => {
      observer.disconnect();
      plot.destroy();
    },
  };
}

function fade(colour: string): string {
  return /^#[0-9a-f]{6}$/i.test(colour) ? `${colour}33` : colour;
}

function silenceOf(points: readonly SeriesPoint[], stream: Datastream): number {
  const gaps = points.slice(1).map(([time], index) => time - (points[index]?.[0] ?? time));
  const usual = gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
  return Math.max(SILENCE * usual, (stream.max_age_s ?? 0) * 1000 * 2);
}

/** Clock times, and the date where a day begins. [s] */
function clockLabels(times: number[]): string[] {
  const wide = times.length > 1 && ((times[1] ?? 0) - (times[0] ?? 0)) * 1000 >= DAY;
  return times.map((time) => {
    const clock = formatClock(time * 1000);
    return wide || clock === "00:00" ? formatDayMonth(time * 1000) : clock;
  });
}

/** The reading under the pointer, in words. */
function reading(stream: Datastream, lang: Lang): uPlot.Plugin {
  const note = document.createElement("output");
  note.className = "chart__reading num";
  return {
    hooks: {
      init: (plot) => plot.over.append(note),
      setCursor: (plot) => {
        const index = plot.cursor.idx;
        const value = index === null || index === undefined ? null : plot.data[1]?.[index];
        const time = index === null || index === undefined ? null : plot.data[0][index];
        note.textContent =
          value === null || value === undefined || time === null || time === undefined
            ? ""
            : `${formatNumber(value, lang)} ${stream.unit} · ${formatDateTime(time * 1000)}`;
      },
    },
  };
}
