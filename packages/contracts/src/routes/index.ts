import * as accounts from './accounts.ts'
import * as activity from './activity.ts'
import * as auth from './auth.ts'
import * as bot from './bot.ts'
import * as breakers from './breakers.ts'
import * as copies from './copies.ts'
import * as copyPlans from './copy-plans.ts'
import * as copyFees from './copy-fees.ts'
import * as copyGap from './copy-gap.ts'
import * as dev from './dev.ts'
import * as copyDrift from './copy-drift.ts'
import * as exchange from './exchange.ts'
import * as followerTrace from './follower-trace.ts'
import * as leaders from './leaders.ts'
import * as leverageGap from './leverage-gap.ts'
import * as markets from './markets.ts'
import * as onboarding from './onboarding.ts'
import * as orders from './orders.ts'
import * as portfolio from './portfolio.ts'
import * as positions from './positions.ts'
import * as rules from './rules.ts'
import * as sessions from './sessions.ts'
import * as signals from './signals.ts'
import * as totp from './totp.ts'
import * as strategies from './strategies.ts'
import * as trades from './trades.ts'
import * as wallet from './wallet.ts'
import * as webhook from './webhook.ts'

/** Every JSON route of the API but the webhook door and /health, which are mounted ahead of it. */
export const routes = {
  auth: {
    register: auth.register,
    login: auth.login,
    refresh: auth.refresh,
    logout: auth.logout,
    verifyEmail: auth.verifyEmail,
    resendCode: auth.resendCode,
    forgotPassword: auth.forgotPassword,
    resetPassword: auth.resetPassword,
    profile: auth.profile,
    updateProfile: auth.updateProfile,
    changePassword: auth.changePassword,
    stepUp: auth.stepUp,
  },
  sessions: { list: sessions.listSessions, revoke: sessions.revokeSession, revokeOthers: sessions.revokeOtherSessions },
  totp: {
    get: totp.getTotp,
    enrol: totp.enrolTotp,
    confirm: totp.confirmTotp,
    renewRecoveryCodes: totp.renewRecoveryCodes,
    disable: totp.disableTotp,
  },
  dev: { inbox: dev.devInbox },
  bot: {
    getSettings: bot.getSettings,
    patchSettings: bot.patchSettings,
    toggle: bot.toggleBot,
    rotateWebhook: bot.rotateWebhook,
    testAlert: bot.testAlert,
    killSwitch: bot.killSwitch,
    webhook: webhook.getWebhook,
    patchWebhook: webhook.patchWebhook,
    revokePrevious: webhook.revokePreviousToken,
  },
  rules: { get: rules.getRules, patchAccount: rules.patchAccountRules, resetPeak: rules.resetPeak, preview: rules.previewRules },
  admin: {
    copying: copies.getCopyingHealth,
    breakers: breakers.listBreakers,
    closeBreaker: breakers.closeBreaker,
    killSwitch: bot.globalKillSwitch,
  },
  exchange: {
    accounts: exchange.listAccounts,
    balance: exchange.getBalance,
    positions: exchange.getPositions,
    equity: exchange.getEquityHistory,
    orders: exchange.listOrders,
    placeOrder: exchange.placeOrder,
    closePosition: exchange.closePosition,
    cancelOrder: exchange.cancelOrder,
  },
  accounts: {
    list: accounts.listApiKeys,
    addPaper: accounts.addPaperAccount,
    add: accounts.addApiKey,
    validate: accounts.validateApiKey,
    toggle: accounts.toggleApiKey,
    share: accounts.shareSymbols,
    rename: accounts.renameApiKey,
    remove: accounts.deleteApiKey,
    serverAddresses: accounts.getServerAddresses,
  },
  leaders: { list: leaders.listLeaders, get: leaders.getLeader, record: leaders.listRecord, verify: leaders.verifyRecord },
  strategies: { list: leaders.listOwnStrategies, publish: leaders.publishOwnStrategy, patch: leaders.patchOwnStrategy },
  markets: { list: markets.listMarkets, get: markets.getMarket, ticker: markets.getTicker, klines: markets.getKlines },
  positions: {
    list: positions.listPositions,
    get: positions.getPosition,
    close: positions.closePositionById,
    reverse: positions.reversePosition,
    setProtection: positions.setProtection,
    changeMargin: positions.changeMargin,
  },
  orders: {
    list: orders.listOrderRows,
    history: orders.listOrderHistory,
    exportHistory: orders.exportOrderHistory,
    get: orders.getOrder,
    create: orders.createOrder,
    replace: orders.replaceOrder,
    cancel: orders.removeOrder,
  },
  copying: {
    getTerms: strategies.getCopyTerms,
    putTerms: strategies.putCopyTerms,
    invites: strategies.listInvites,
    createInvite: strategies.createInvite,
    revokeInvite: strategies.revokeInvite,
    followers: strategies.listFollowers,
    removeFollower: strategies.removeFollower,
    preview: copyPlans.previewCopies,
    copyability: copyPlans.getCopyability,
    example: copyPlans.getCopyExample,
    fees: copyFees.getStrategyFees,
    breakers: breakers.listStrategyBreakers,
  },
  follows: {
    decisions: copies.listCopyDecisions,
    list: strategies.listFollows,
    get: strategies.getFollow,
    start: strategies.startFollow,
    patch: strategies.patchFollow,
    stop: strategies.stopFollow,
    fees: copyFees.getFollowFees,
    leverage: leverageGap.getLeverageGaps,
    gap: copyGap.getCopyGap,
    drift: copyDrift.getCopyDrift,
    repair: copyDrift.repairCopyDrift,
  },
  trades: { list: trades.listTrades, export: trades.exportTrades },
  portfolio: { get: portfolio.getPortfolio, history: portfolio.getPortfolioHistory, metrics: portfolio.getPortfolioMetrics },
  wallet: {
    list: wallet.getWallet,
    history: wallet.getWalletHistory,
    exportHistory: wallet.exportWalletHistory,
    currency: wallet.getWalletCurrency,
  },
  onboarding: { get: onboarding.getOnboarding, dismiss: onboarding.dismissOnboarding },
  activity: {
    list: activity.listActivity,
    counts: activity.countActivity,
    export: activity.exportActivity,
    addNote: activity.addNote,
    clear: activity.clearActivity,
  },
  signals: {
    list: signals.listSignals,
    rejected: signals.listRejectedDeliveries,
    trace: signals.getSignalTrace,
    followers: followerTrace.getFollowersTrace,
    get: signals.getSignal,
    dryRun: signals.dryRun,
    replay: signals.replaySignal,
    settleHold: signals.settleHold,
  },
} as const
