// What the softphone says of anything that goes wrong: what happened, and what to do.
import JsSIP from "./vendor/jssip.js";

export const WORDS = {
  insecure: "浏览器只在 https 或本机地址下允许使用麦克风，请换用 https 地址打开本页。",
  refused: "麦克风被拒绝：请点地址栏左侧的图标，把“麦克风”改为允许，然后按“就绪”。",
  missing: "没有找到麦克风：请插好耳麦，然后按“就绪”。",
  busy: "麦克风打不开，可能被其他程序占用：请关闭那个程序后再按“就绪”。",
  lost: "耳麦断开了，对方听不到您：请重新插好耳麦，声音会自动恢复。",
  link: "与电话系统的连接断开，正在自动重连；已登记的内容不受影响。",
  register: "分机没有注册成功，暂时接不到电话，正在自动重试。",
  account: "分机密码被电话系统拒绝，正在重新获取；若一分钟内未恢复请告知管理员。",
  sound: "浏览器没有播放对方的声音：请在页面上点一下。",
};

export const FAILURES = {
  [JsSIP.C.causes.CANCELED]: "对方在您接听前挂断了",
  [JsSIP.C.causes.NO_ANSWER]: "超时未接，来电已转给其他坐席",
  [JsSIP.C.causes.REJECTED]: "您拒接了来电，来电已转给其他坐席",
  [JsSIP.C.causes.BUSY]: "对方忙",
  [JsSIP.C.causes.UNAVAILABLE]: "对方不可用",
  [JsSIP.C.causes.NOT_FOUND]: "没有这个号码",
  [JsSIP.C.causes.RTP_TIMEOUT]: "声音通道中断，通话结束",
  [JsSIP.C.causes.USER_DENIED_MEDIA_ACCESS]: WORDS.refused,
  [JsSIP.C.causes.WEBRTC_ERROR]: "浏览器没有建立声音通道，请刷新本页；若重复出现请告知管理员",
  [JsSIP.C.causes.CONNECTION_ERROR]: "连接电话系统出错，正在自动重连",
};

// What the telephone system says of a call it ends for us (Q.850).
const REASONS = {
  1: "没有这个号码",
  17: "对方忙",
  18: "对方没有应答",
  19: "对方无人接听",
  20: "对方不在线",
  21: "对方拒接",
  27: "号码暂时打不通",
  28: "号码不正确",
  34: "线路忙，请稍后再拨",
  38: "外线中继故障，请告知管理员",
};

/** Why the telephone system ended a call, in words; "" for an ordinary end. */
export function reasonOf(message) {
  const cause = /cause=(\d+)/.exec(message?.getHeader?.("Reason") ?? "")?.[1];
  return REASONS[cause] || "";
}
