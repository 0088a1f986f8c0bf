/** Parts of a page under addresses of their own. */

import { Link } from "./Link";

export interface Tab {
  key: string;
  path: string;
  title: string;
}

export function Tabs({ label, tabs, chosen }: { label: string; tabs: readonly Tab[]; chosen: string }) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <Link key={tab.key} to={tab.path} aria-current={tab.key === chosen ? "page" : undefined}>
          {tab.title}
        </Link>
      ))}
    </nav>
  );
}
