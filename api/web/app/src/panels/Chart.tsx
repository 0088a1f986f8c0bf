/** A datastream over the ruler's frame up to the time looked at: mean with the extremes around it, live at now. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { api } from "../api/client";
import type { Datastream, Series, SeriesPoint } from "../api/types";
import { formatNumber } from "../format/number";
import { MINUTE, formatDateTime, formatSpan, parseTime } from "../format/time";
import { news } from "../state/city";
import { cursor, now, ruler, settledMoment } from "../state/clock";
import { lang, pick, t, theme } from "../state/preferences";
import { asProblem } from "../state/resource";
import type { Problem } from "../api/types";
import { Empty, Failed, Loading } from "../ui/States";
import type { Plot } from "./plot";
import { summaryOf, withPoint } from "./series";

const POINTS = 600;
const TABLE_ROWS = 24;

export function Chart({ stream }: { stream: Datastream }) {
  const series = useSignal<Series | null>(null);
  const problem = useSignal<Problem | null>(null);
  const turn = useSignal(0);
  const moment = settledMoment.value;
  const length = (ruler.value.end - ruler.value.start) * (2 / 3);
  const end = moment.at ?? Math.ceil(now.peek() / MINUTE) * MINUTE;

  useEffect(() => {
    const controller = new AbortController();
    api.series(moment, stream.id, end - length, end, POINTS, controller.signal).then(
      (found) => {
        series.value = found;
        problem.value = null;
      },
      (reason: unknown) => {
        if (!controller.signal.aborted) problem.value = asProblem(reason);
      },
    );
    return () => controller.abort();
    // The frame's end is read once for now; what comes after it arrives by the live stream.
  }, [stream.id, moment, length, turn.value]);

  useEffect(
    () =>
      news.subscribe((items) => {
        if (cursor.peek() !== null || !series.peek()) return;
        for (const item of items) {
          if (item.datastream !== stream.id || typeof item.result !== "number") continue;
          const time = parseTime(item.time);
          if (time !== null && series.value) {
            series.value = { ...series.value, points: withPoint(series.value.points, time, item.result) };
          }
        }
      }),
    [stream.id],
  );

  if (problem.value) return <Failed problem={problem.value} retry={() => (turn.value += 1)} />;
  if (!series.value) return <Loading rows={3} />;
  if (series.value.points.every(([, mean]) => mean === null)) {
    return (
      <Empty title={t("chart.empty")}>
        <p>{t("chart.empty_hint")}</p>
      </Empty>
    );
  }
  return <Drawn series={series.value} stream={stream} />;
}

function Drawn({ series, stream }: { series: Series; stream: Datastream }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const { points } = series;
  const figure = (value: number | null): string => (value === null ? "–" : formatNumber(value, lang.value));
  const summary = useMemo(() => summaryOf(points), [points]);
  const banded = points.some(([, , , , count]) => count > 1);
  const label = t("chart.summary", {
    n: formatNumber(points.length, lang.value, 0),
    min: figure(summary.least),
    max: figure(summary.greatest),
    last: figure(summary.last),
  });

  useEffect(() => {
    let gone = false;
    void import("./plot").then(({ draw }) => {
      if (!gone && box.current) plot.current = draw(box.current, points, stream, lang.value);
    });
    return () => {
      gone = true;
      plot.current?.destroy();
      plot.current = null;
    };
    // Drawn anew for another language or theme; points alone only replace the data.
  }, [stream.id, lang.value, theme.value, series.start]);

  useEffect(() => plot.current?.update(points), [points]);

  return (
    <figure class="chart">
      <div
        class="chart__box"
        ref={box}
        role="img"
        aria-label={`${pick(stream.title, stream.title_en)}. ${label}`}
      />
      <figcaption class="quiet">
        {banded ? `${t("chart.mean")}, ${t("chart.range")} · ${bucketText(series)}` : t("chart.raw")}
        {cursor.value === null && <span class="age"> {t("chart.live")}</span>}
      </figcaption>
      <details>
        <summary>{t("chart.table")}</summary>
        <table class="tbl">
          <thead>
            <tr>
              <th scope="col">{t("chart.time")}</th>
              <th class="n">{stream.unit || pick(stream.title, stream.title_en)}</th>
            </tr>
          </thead>
          <tbody>
            {points
              .slice(-TABLE_ROWS)
              .reverse()
              .map((point: SeriesPoint) => (
                <tr key={point[0]}>
                  <td class="num">{formatDateTime(point[0])}</td>
                  <td class="n">{figure(point[1])}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

function bucketText(series: Series): string {
  return t("chart.bucket", { span: formatSpan(series.bucket_s * 1000, lang.value) });
}
