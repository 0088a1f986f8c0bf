import { render } from "preact";
import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/panels.css";
import "./styles/timebar.css";
import "./styles/print.css";
import { App } from "./shell/App";
import { keepAddress, readAddress } from "./state/address";
import { startClock } from "./state/clock";
import { startLive } from "./state/live";

const root = document.getElementById("app");
if (!root) throw new Error("the page has no #app");

readAddress(location.hash);
startClock();
startLive();
keepAddress();
render(<App />, root);
