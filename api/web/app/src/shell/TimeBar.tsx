/** The ruler of time along the bottom: now is fixed, the cursor governs everything. */

import { useEffect, useRef, useState } from "preact/hooks";
import { formatClock, formatDateTime, formatDayMonth, parseDateTime, DAY, HOUR } from "../format/time";
import { shownLayers } from "../state/city";
import { backToNow, cursor, knownThen, lookAt, now, playing, ruler, spanLength } from "../state/clock";
import { reducedMotion, t } from "../state/preferences";
import { timeline } from "../state/timeline";
import { SPANS, contains, fractionOf, momentAt, snapTo, stepFrom, stepOf, ticksOf } from "../time/ruler";
import { nextStop } from "../time/play";
import { Icon } from "../ui/Icon";
import { narrow } from "./narrow";

const PLAY_MS = reducedMotion ? 1000 : 450;
const TICK_SPACING_PX = 62;
/** A tick this near to the cursor would stand under its time. */
const CHIP_PX = 46;
const PAGE_STEPS = 6;

export function TimeBar() {
  usePlaying();
  return (
    <section class="timebar" aria-label={t("time.ruler")}>
      <Controls />
      <Ruler />
    </section>
  );
}

/** While playing, the cursor goes on by itself until now, or until the frames of what is shown end. */
function usePlaying(): void {
  const running = playing.value;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => {
      const from = cursor.value ?? now.value;
      const next = nextStop(from, spanLength.value, now.value, shownLayers.value);
      if (next === null) playing.value = false;
      else lookAt(next);
    }, PLAY_MS);
    return () => clearInterval(timer);
  }, [running]);
}

function move(direction: 1 | -1, steps = 1): void {
  const step = stepOf(spanLength.value);
  let time = cursor.value ?? now.value;
  for (let i = 0; i < steps; i += 1) time = stepFrom(time, step, direction);
  lookAt(time);
}

function Controls() {
  const running = playing.value;
  const index = SPANS.findIndex((span) => span === spanLength.value);
  const resize = (by: number): void => {
    spanLength.value = SPANS[Math.max(0, Math.min(SPANS.length - 1, index + by))] ?? spanLength.value;
  };
  return (
    <div class="timebar__head">
      <button class="tool" type="button" aria-label={t("time.step_back")} onClick={() => move(-1)}>
        <Icon name="back" />
      </button>
      <button
        class="tool tool--word"
        type="button"
        onClick={() => (playing.value = !running)}
        aria-pressed={running}
      >
        <Icon name={running ? "pause" : "play"} />
        <span>{t(running ? "time.pause" : "time.play")}</span>
      </button>
      <button class="tool" type="button" aria-label={t("time.step_ahead")} onClick={() => move(1)}>
        <Icon name="ahead" />
      </button>
      {!narrow.value && (
        <span class="timebar__span">
          <button class="tool" type="button" aria-label={t("time.narrower")} onClick={() => resize(-1)}>
            <Icon name="minus" />
          </button>
          <span class="num">{spanName(spanLength.value)}</span>
          <button class="tool" type="button" aria-label={t("time.wider")} onClick={() => resize(1)}>
            <Icon name="plus" />
          </button>
        </span>
      )}
      <GoTo />
      <span class="sp" />
      {cursor.value !== null && (
        <span class="known" role="group" aria-label={t("time.known")} title={t("time.known_hint")}>
          <span class="seg">
            <button type="button" aria-pressed={knownThen.value} onClick={() => (knownThen.value = true)}>
              {t("time.known_then")}
            </button>
            <button type="button" aria-pressed={!knownThen.value} onClick={() => (knownThen.value = false)}>
              {t("time.known_now")}
            </button>
          </span>
        </span>
      )}
    </div>
  );
}

function spanName(length: number): string {
  if (length < 3 * DAY) return t("time.span_h", { n: length / HOUR });
  if (length < 300 * DAY) return t("time.span_d", { n: length / DAY });
  return t("time.span_y", { n: Math.floor(length / (365 * DAY)) });
}

function GoTo() {
  const [text, setText] = useState<string | null>(null);
  const [wrong, setWrong] = useState(false);
  if (text === null) {
    const shown = formatDateTime(cursor.value ?? now.value);
    return (
      <button class="tool tool--word" type="button" onClick={() => setText(shown)}>
        <Icon name="clock" />
        <span>{t("time.go")}</span>
      </button>
    );
  }
  const submit = (event: Event): void => {
    event.preventDefault();
    const time = parseDateTime(text);
    if (time === null) {
      setWrong(true);
      return;
    }
    lookAt(time);
    setText(null);
  };
  return (
    <form class="goto" onSubmit={submit}>
      <input
        class="num"
        aria-label={`${t("time.go")} (${t("time.go_format")})`}
        aria-invalid={wrong}
        aria-describedby={wrong ? "goto-wrong" : undefined}
        value={text}
        size={16}
        ref={(field) => {
          if (field && document.activeElement !== field) field.focus();
        }}
        onInput={(event) => {
          setWrong(false);
          setText(event.currentTarget.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") setText(null);
        }}
      />
      <button class="btn btn--small" type="submit">
        {t("time.go")}
      </button>
      {wrong && (
        <span class="goto__wrong" id="goto-wrong" role="alert">
          {t("time.go_wrong")}
        </span>
      )}
    </form>
  );
}

function Ruler() {
  const track = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  useEffect(() => {
    const element = track.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const span = ruler.value;
  const at = cursor.value ?? now.value;
  const past = cursor.value !== null;
  const nowAt = fractionOf(span, now.value);
  const nowInside = contains(span, now.value);

  const follow = (event: PointerEvent): void => {
    const box = track.current?.getBoundingClientRect();
    if (!box) return;
    const fraction = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
    // Close to now, a drag lands on now.
    if (nowInside && Math.abs(fraction - nowAt) * box.width < 5) lookAt(null);
    else lookAt(snapTo(momentAt(span, fraction), stepOf(spanLength.value) / 5));
  };

  const onKey = (event: KeyboardEvent): void => {
    const moves: Record<string, () => void> = {
      ArrowLeft: () => move(-1),
      ArrowDown: () => move(-1),
      ArrowRight: () => move(1),
      ArrowUp: () => move(1),
      PageDown: () => move(-1, PAGE_STEPS),
      PageUp: () => move(1, PAGE_STEPS),
      Home: backToNow,
    };
    const action = moves[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };

  const percent = (fraction: number): string => `${(100 * fraction).toFixed(3)}%`;
  return (
    <div
      class="ruler"
      ref={track}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        playing.value = false;
        follow(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) follow(event);
      }}
    >
      {nowAt < 1 && (
        <div class="ruler__ahead" style={{ left: percent(Math.max(0, nowAt)) }}>
          {width > 500 && nowInside && <span>{t("time.ahead")}</span>}
        </div>
      )}
      {timeline.data.value?.events
        .filter((event) => contains(span, event.time))
        .map((event) => (
          <i
            class="ruler__event"
            key={`${event.layer}${event.time}${event.title}`}
            style={{ left: percent(fractionOf(span, event.time)) }}
          />
        ))}
      {ticksOf(span, TICK_SPACING_PX / width)
        .filter((tick) => Math.abs(fractionOf(span, tick.time) - fractionOf(span, at)) * width > CHIP_PX)
        .map((tick) => (
          <span
            class={`ruler__tick ${tick.strong ? "ruler__tick--strong" : ""}`}
            key={tick.time}
            style={{ left: percent(fractionOf(span, tick.time)) }}
          >
            {tick.label}
          </span>
        ))}
      {nowInside && past && <div class="ruler__now" style={{ left: percent(nowAt) }} />}
      {!nowInside && (
        <p class="ruler__outside">{t("time.now_outside", { time: formatDateTime(now.value) })}</p>
      )}
      <div
        class={`ruler__cursor ${past ? "ruler__cursor--past" : ""}`}
        style={{ left: percent(fractionOf(span, at)) }}
        role="slider"
        tabIndex={0}
        aria-label={t("time.cursor")}
        aria-description={t("time.keys")}
        aria-valuemin={Math.round(span.start / 1000)}
        aria-valuemax={Math.round(span.end / 1000)}
        aria-valuenow={Math.round(at / 1000)}
        aria-valuetext={past ? formatDateTime(at) : `${t("time.now")} ${formatDateTime(at)}`}
        onKeyDown={onKey}
      >
        <b class="num">{past && !nowInside ? `${formatDayMonth(at)} ${formatClock(at)}` : formatClock(at)}</b>
      </div>
    </div>
  );
}
