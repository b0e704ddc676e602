// The agent's telephone in the page.
import JsSIP from "./vendor/jssip.js";

export { JsSIP };
