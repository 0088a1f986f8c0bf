/** A link within the application: opens without loading the page again, and as any link with the middle button. */

import type { ComponentChildren } from "preact";
import { go, linkTo } from "../shell/router";

interface Props {
  to: string;
  class?: string;
  "aria-current"?: "page" | "true" | undefined;
  children: ComponentChildren;
}

export function Link({ to, children, ...rest }: Props) {
  return (
    <a
      {...rest}
      href={linkTo(to)}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}
