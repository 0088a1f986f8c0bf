/** Line drawings of 16 by 16. Each stands beside a word, or its control carries a name. */

const PATHS = {
  search: "M7 12.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM11 11l3.5 3.5",
  plus: "M8 2.5v11M2.5 8h11",
  minus: "M2.5 8h11",
  home: "M2 8 8 2.5 14 8M4 6.8V13.5h8V6.8",
  back: "M9.5 3 4.5 8l5 5",
  ahead: "M6.5 3l5 5-5 5",
  play: "M4.5 2.5v11l9-5.5Z",
  pause: "M5 3v10M11 3v10",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  clock: "M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4ZM8 4.5V8l2.5 1.8",
  lock: "M4 7.5h8v6H4zM5.5 7.5V5.2a2.5 2.5 0 0 1 5 0v2.3",
  cut: "M3 3l10 10M13 3 3 13",
  unknown: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM5.5 8h5",
  up: "M3 10.5 8 5.5l5 5",
  down: "M3 5.5l5 5 5-5",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  target: "M8 1.5v3M8 11.5v3M1.5 8h3M11.5 8h3M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  country:
    "M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4ZM1.8 8h12.4M8 1.8c2 2 2.4 4 2.4 6.2S10 12.2 8 14.2C6 12.2 5.6 10.2 5.6 8S6 3.8 8 1.8",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      class="ico"
      viewBox="0 0 16 16"
      aria-hidden="true"
      stroke-dasharray={name === "unknown" ? "2.5 2" : undefined}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark of the house: a street grid with a river through it. */
export function Mark() {
  return (
    <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.6" aria-hidden="true">
      <path d="M2.5 2.5h15v15h-15zM2.5 12 17.5 5.5M9 9.2v8.3M13 7.4v10.1" />
    </svg>
  );
}
