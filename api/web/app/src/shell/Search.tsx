/** One field that finds parcels, streets, stations: candidates while typing, diacritics optional. */

import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Problem } from "../api/types";
import { flyTo } from "../map/flight";
import { layerByName, select, show } from "../state/city";
import { role } from "../state/viewer";
import { settledMoment } from "../state/clock";
import { pick, t } from "../state/preferences";
import { find, placeOf, type Found } from "../state/finding";
import { asProblem } from "../state/resource";
import { Icon } from "../ui/Icon";

const TYPING_PAUSE_MS = 180;

export function Search() {
  const text = useSignal("");
  const results = useSignal<Found[] | null>(null);
  const problem = useSignal<Problem | null>(null);
  const active = useSignal(-1);
  const open = useSignal(false);
  const field = useRef<HTMLInputElement>(null);
  const wanted = useComputed(() => text.value.trim());

  useSignalEffect(() => {
    const q = wanted.value;
    const moment = settledMoment.value;
    void role.value;
    if (q === "") {
      results.value = null;
      return;
    }
    const controller = new AbortController();
    const timer = setTimeout(() => {
      find(moment, q, controller.signal).then(
        (found) => {
          results.value = found;
          problem.value = null;
          active.value = found.length > 0 ? 0 : -1;
        },
        (reason: unknown) => {
          if (!controller.signal.aborted) problem.value = asProblem(reason);
        },
      );
    }, TYPING_PAUSE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  });

  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
      if (event.key !== "/" || typing) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);

  const choose = async (result: Found): Promise<void> => {
    open.value = false;
    text.value = titleOf(result);
    field.current?.blur();
    if (layerByName.value.has(result.layer)) show(result.layer, true);
    const place = await placeOf(settledMoment.peek(), result).catch((reason: unknown) => {
      problem.value = asProblem(reason);
      open.value = true;
      return null;
    });
    if (!place) return;
    const [lon, lat] = place;
    flyTo({ bbox: result.bbox, lon, lat });
    select({ lon, lat, metres: 5, prefer: { layer: result.layer, fid: result.fid } });
  };

  const onKey = (event: KeyboardEvent): void => {
    const list = results.value ?? [];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      open.value = true;
      const step = event.key === "ArrowDown" ? 1 : -1;
      active.value = list.length === 0 ? -1 : (active.value + step + list.length) % list.length;
    } else if (event.key === "Enter") {
      const chosen = list[active.value];
      if (chosen) void choose(chosen);
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (open.value && text.value) open.value = false;
      else field.current?.blur();
    }
  };

  const shown = open.value && wanted.value !== "" && (results.value !== null || problem.value !== null);
  return (
    <div
      class="search"
      role="search"
      onFocusOut={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) open.value = false;
      }}
    >
      <Icon name="search" />
      <input
        ref={field}
        type="text"
        role="combobox"
        autocomplete="off"
        spellcheck={false}
        aria-label={t("search.label")}
        aria-expanded={shown}
        aria-controls="search-results"
        aria-autocomplete="list"
        aria-activedescendant={shown && active.value >= 0 ? `found-${active.value}` : undefined}
        placeholder={t("search.placeholder")}
        title={t("search.hint")}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          open.value = true;
        }}
        onFocus={() => (open.value = true)}
        onKeyDown={onKey}
      />
      {text.value === "" ? (
        <kbd aria-hidden="true">/</kbd>
      ) : (
        <button
          class="search__clear"
          type="button"
          aria-label={t("search.clear")}
          onClick={() => {
            text.value = "";
            field.current?.focus();
          }}
        >
          <Icon name="close" />
        </button>
      )}
      {shown && (
        <div class="search__found float">
          {problem.value ? (
            <p class="search__none">{problem.value.detail || t("state.unreachable")}</p>
          ) : results.value?.length === 0 ? (
            <p class="search__none" role="status">
              <strong>{t("search.none", { q: wanted.value })}</strong> {t("search.none_hint")}
            </p>
          ) : (
            <ul
              id="search-results"
              role="listbox"
              aria-label={t("search.count", { n: results.value?.length ?? 0 })}
            >
              {results.value?.map((result, index) => (
                <li
                  key={`${result.layer}/${result.fid}`}
                  id={`found-${index}`}
                  role="option"
                  aria-selected={index === active.value}
                  onPointerDown={(event) => event.preventDefault()}
                  onClick={() => void choose(result)}
                  onPointerMove={() => (active.value = index)}
                >
                  <span>{titleOf(result)}</span>
                  <small>{pick(result.subtitle || result.layer_title, result.layer_title_en)}</small>
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
    </div>
  );
}

function titleOf({ parcel, title }: Found): string {
  return parcel ? t("plan.parcel", { plot: parcel.plot, sheet: parcel.sheet }) : title;
}
