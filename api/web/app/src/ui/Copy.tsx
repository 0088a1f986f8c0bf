/** Puts a text on the clipboard, and says that it did. */

import { useState } from "preact/hooks";
import { t } from "../state/preferences";

export function Copy({ text }: { text: string }) {
  const [done, setDone] = useState(false);
  return (
    <button
      class="btn btn--small"
      type="button"
      onClick={() =>
        void navigator.clipboard.writeText(text).then(
          () => setDone(true),
          () => setDone(false),
        )
      }
    >
      {t(done ? "form.copied" : "form.copy")}
    </button>
  );
}
