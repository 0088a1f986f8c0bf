import { render } from "preact";
import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/print.css";
import { Root } from "./shell/Root";
import { startClock } from "./state/clock";

const root = document.getElementById("app");
if (!root) throw new Error("the page has no #app");

startClock();
render(<Root />, root);
