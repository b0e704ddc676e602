// The SIP stack of the softphone.
import JsSIP from "jssip";

export default JsSIP;
