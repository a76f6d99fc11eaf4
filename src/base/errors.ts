/**
 * The one error table: every failure a person or a program may meet has a code here, with its HTTP status and what it
 * says in English and Chinese. `{name}` in a message is filled from the error's `details`. A library's error becomes one
 * of these in the driver that calls the library, with the library's error as `cause`.
 */

interface ErrorEntry {
  readonly status: number;
  readonly en: string;
  readonly zh: string;
}

export const ERROR_TABLE = {
  'config.invalid': { status: 500, en: '{where}: {problem}', zh: '{where}：{problem}' },
  'config.var_dir_unwritable': {
    status: 500,
    en: 'The data directory {dir} cannot be written: {problem}',
    zh: '数据目录 {dir} 无法写入：{problem}',
  },
  'config.port_taken': {
    status: 500,
    en: 'Port {port} on {host} is already in use; set SENTINEL_HTTP_PORT to another',
    zh: '{host} 的端口 {port} 已被占用，请用 SENTINEL_HTTP_PORT 指定其他端口',
  },
  'config.usage': { status: 500, en: '{problem}', zh: '{problem}' },
  'database.unreachable': {
    status: 503,
    en: 'The database cannot be reached: {problem}',
    zh: '无法连接数据库：{problem}',
  },
  'database.embedded_failed': {
    status: 500,
    en: 'The embedded PostgreSQL did not start: {problem}',
    zh: '内置 PostgreSQL 未能启动：{problem}',
  },
  'database.migration_failed': {
    status: 500,
    en: 'Migration {migration} failed: {problem}',
    zh: '数据库迁移 {migration} 失败：{problem}',
  },
  'queue.unreachable': {
    status: 503,
    en: 'The job queue cannot be reached: {problem}',
    zh: '无法连接任务队列：{problem}',
  },
  'queue.job_too_long': {
    status: 500,
    en: 'Comparing view {viewId} took longer than {limitMs} ms',
    zh: '视图 {viewId} 的比对超过 {limitMs} 毫秒',
  },
  'blob.missing': { status: 404, en: 'Stored bytes {sha256} are missing', zh: '存储内容 {sha256} 缺失' },
  'blob.damaged': {
    status: 500,
    en: 'Stored bytes {sha256} do not match their digest',
    zh: '存储内容 {sha256} 与其摘要不符',
  },
  'blob.disk_full': {
    status: 507,
    en: 'The disk that holds {dir} is full: {problem}',
    zh: '{dir} 所在磁盘已满：{problem}',
  },
  'blob.pictures_stopped': {
    status: 507,
    en: 'Only {freeMib} MiB are left, less than the {limitMib} that are spared for evidence: pictures of looks are not kept',
    zh: '磁盘仅剩 {freeMib} MiB，低于为证据保留的 {limitMib} MiB，暂停保存巡看图片',
  },
  'blob.unwritable': {
    status: 500,
    en: 'Nothing can be stored in {dir}: {problem}',
    zh: '无法写入 {dir}：{problem}',
  },
  'blob.unreachable': {
    status: 503,
    en: 'The store {where} cannot be used: {problem}',
    zh: '存储 {where} 无法使用：{problem}',
  },
  'blob.too_large': {
    status: 413,
    en: '{bytes} bytes are more than the {limitBytes} that may be stored at once',
    zh: '{bytes} 字节超过单次存储上限 {limitBytes}',
  },
  'capture.failed': { status: 502, en: 'The look failed: {problem}', zh: '取图失败：{problem}' },
  'model.unreadable': {
    status: 500,
    en: 'The model {file} cannot be used: {problem}',
    zh: '模型 {file} 无法使用：{problem}',
  },
  'model.failed': {
    status: 500,
    en: 'The model {file} failed: {problem}',
    zh: '模型 {file} 运行失败：{problem}',
  },
  'credential.key_unusable': {
    status: 500,
    en: 'The key for camera passwords ({where}) cannot be used: {problem}',
    zh: '摄像机密码的密钥（{where}）无法使用：{problem}',
  },
  'credential.unopenable': {
    status: 500,
    en: 'The password of credential "{name}" cannot be opened: it was sealed with another key or is damaged',
    zh: '凭据“{name}”的密码无法解开：加密所用密钥不同或数据已损坏',
  },
  'import.unreadable': {
    status: 422,
    en: 'The file cannot be read: {problem}',
    zh: '文件无法读取：{problem}',
  },
  'import.too_large': { status: 413, en: 'The file is too large: {problem}', zh: '文件过大：{problem}' },
  'camera.no_onvif': {
    status: 409,
    en: 'Camera {cameraId} has no ONVIF address, by which its clock could be read or set',
    zh: '摄像机 {cameraId} 没有 ONVIF 地址，无法读取或校准时钟',
  },
  'camera.no_clock': {
    status: 502,
    en: 'Camera {cameraId} does not tell its time in UTC',
    zh: '摄像机 {cameraId} 未提供 UTC 时间',
  },
  'camera.too_many_tests': {
    status: 429,
    en: '{limit} connections are being tested already; try again in a moment',
    zh: '已有 {limit} 项连接测试正在进行，请稍后再试',
  },
  'plan.not_a_picture': {
    status: 422,
    en: 'A plan must be a PNG, JPEG or WebP picture; this is {format}',
    zh: '平面图必须是 PNG、JPEG 或 WebP 图片；该文件为 {format}',
  },
  'plan.too_many': { status: 409, en: 'There are {limit} plans already', zh: '平面图数量已达上限 {limit}' },
  'estate.building_taken': { status: 409, en: 'The building {name} exists already', zh: '楼栋 {name} 已存在' },
  'estate.building_has_households': {
    status: 409,
    en: '{name} has {households} households; they would go with it',
    zh: '{name} 名下有 {households} 户，删除楼栋将一并删除',
  },
  'estate.household_taken': {
    status: 409,
    en: '{number} exists already in this building',
    zh: '该楼栋中 {number} 已存在',
  },
  'estate.too_many': { status: 409, en: 'There are {limit} {what} already', zh: '数量已达上限 {limit}（{what}）' },
  'picture.unreadable': {
    status: 422,
    en: 'The picture {what} cannot be read: {problem}',
    zh: '图片 {what} 无法读取：{problem}',
  },
  'picture.too_large': {
    status: 422,
    en: 'The picture {what} has {pixels} pixels, more than the {limitPixels} allowed',
    zh: '图片 {what} 有 {pixels} 像素，超过上限 {limitPixels}',
  },
  'picture.too_many_searches': {
    status: 429,
    en: '{limit} pictures wait to be searched for people and vehicles already; try again in a moment',
    zh: '已有 {limit} 张图片等待查找人员和车辆，请稍后再试',
  },
  'print.failed': { status: 500, en: '{what} cannot be printed: {problem}', zh: '无法生成 {what}：{problem}' },
  'package.too_many': {
    status: 422,
    en: '{snapshots} snapshots are more than the {limit} that one package may hold; narrow the choice',
    zh: '{snapshots} 份快照超过单个证据包上限 {limit}，请缩小范围',
  },
  'package.too_large': {
    status: 422,
    en: 'The package would have {bytes} bytes, more than the {limitBytes} allowed; narrow the choice',
    zh: '证据包约 {bytes} 字节，超过上限 {limitBytes}，请缩小范围',
  },
  'package.too_many_waiting': {
    status: 409,
    en: 'You have {limit} packages waiting or ready already; remove one first',
    zh: '您已有 {limit} 个待制作或待下载的证据包，请先移除一个',
  },
  'package.not_ready': { status: 409, en: 'Package {id} is not ready', zh: '证据包 {id} 尚未就绪' },
  'package.interrupted': {
    status: 500,
    en: 'The package was begun {attempts} times and never finished',
    zh: '证据包制作 {attempts} 次均未完成',
  },
  'package.empty': { status: 422, en: 'There is no snapshot to make a package of', zh: '没有可打包的快照' },
  'package.part_too_small': {
    status: 422,
    en: 'One snapshot alone is larger than the {partBytes} bytes that a part may have',
    zh: '单个快照已超过每卷上限 {partBytes} 字节',
  },
  'package.check_failed': {
    status: 500,
    en: 'The package {file} was made but does not verify: {problem}',
    zh: '证据包 {file} 已生成但未通过核验：{problem}',
  },
  'package.unwritable': {
    status: 507,
    en: 'The package file {file} cannot be written: {problem}',
    zh: '证据包文件 {file} 无法写入：{problem}',
  },

  'web.invalid': { status: 400, en: '{field}: {problem}', zh: '{field}：{problem}' },
  'web.bad_json': { status: 400, en: 'The body is not valid JSON', zh: '请求内容不是有效的 JSON' },
  'web.bad_cursor': { status: 400, en: 'This cursor was not given by this list', zh: '分页游标无效' },
  'web.bad_request': { status: 400, en: 'The request cannot be read', zh: '请求无法识别' },
  'web.media_type': {
    status: 415,
    en: 'This address does not take {mediaType}',
    zh: '此地址不接受 {mediaType} 类型的内容',
  },
  'web.body_too_large': {
    status: 413,
    en: 'The body is larger than the {limitBytes} bytes allowed',
    zh: '请求内容超过上限 {limitBytes} 字节',
  },
  'web.not_found': { status: 404, en: 'There is nothing at {path}', zh: '地址 {path} 不存在' },
  'web.wants_websocket': {
    status: 426,
    en: '{path} answers WebSockets alone',
    zh: '地址 {path} 只接受 WebSocket 连接',
  },
  'web.missing': { status: 404, en: 'No {what} has the number {id}', zh: '不存在编号为 {id} 的对象（{what}）' },
  'web.not_signed_in': { status: 401, en: 'Sign in first', zh: '请先登录' },
  'web.wrong_login': { status: 401, en: 'The name or the password is wrong', zh: '用户名或密码错误' },
  'web.forbidden': {
    status: 403,
    en: 'Your role does not have the permission {permission}',
    zh: '您的角色没有权限 {permission}',
  },
  'web.cross_site': {
    status: 403,
    en: 'This request came from another site and was refused',
    zh: '已拒绝来自其他站点的请求',
  },
  'web.login_throttled': {
    status: 429,
    en: 'Too many failed sign-ins; try again in {retryAfterS} s',
    zh: '登录失败次数过多，请在 {retryAfterS} 秒后重试',
  },
  'web.too_many_requests': {
    status: 429,
    en: 'Too many requests; try again in {retryAfterS} s',
    zh: '请求过于频繁，请在 {retryAfterS} 秒后重试',
  },
  'live.no_ffmpeg': {
    status: 503,
    en: 'This camera sends what the browser cannot play, and the server has no ffmpeg to make it playable',
    zh: '浏览器不能播放这路码流，服务器也没有安装 ffmpeg，无法转码',
  },
  'live.too_many_encoders': {
    status: 503,
    en: 'All {limit} places for streams that must be made playable are taken',
    zh: '转码路数已达上限 {limit}',
  },
  'live.encoder_ended': { status: 502, en: 'ffmpeg ended; it is started again', zh: '转码程序中断，正在重启' },
  'web.locked': { status: 423, en: 'This session is locked; give the password', zh: '会话已锁定，请输入密码' },
  'web.too_many_streams': {
    status: 503,
    en: 'All {limit} event streams are taken',
    zh: '事件流数量已达上限 {limit}',
  },
  'web.internal': {
    status: 500,
    en: 'The server failed; it is in its log under {errorId}',
    zh: '服务器内部错误，日志编号 {errorId}',
  },
  'wall.not_acknowledged': {
    status: 409,
    en: 'Nobody has acknowledged candidate {candidateId}',
    zh: '线索 {candidateId} 尚无人确认',
  },
  'wall.acknowledged_by_other': {
    status: 403,
    en: '{by} acknowledged candidate {candidateId}; only they or an administrator can take it back',
    zh: '线索 {candidateId} 由 {by} 确认，只有本人或管理员可以撤回',
  },
  'wall.screen_changed': {
    status: 409,
    en: 'Screen {number} was changed meanwhile; look at it again',
    zh: '{number} 号屏的布局刚被他人修改，请刷新后再改',
  },
  'wall.no_such_code': {
    status: 404,
    en: 'No screen shows this pairing code, or its time is over',
    zh: '没有屏幕正在显示这个配对码，或配对码已过期',
  },
  'wall.too_many_pairings': {
    status: 503,
    en: '{limit} screens wait to be paired already',
    zh: '等待配对的屏幕已达上限 {limit}',
  },
  'wall.too_many_machines': {
    status: 409,
    en: 'There are {limit} machines already; remove one first',
    zh: '已配对的主机已达上限 {limit}，请先移除一台',
  },
  'people.name_taken': { status: 409, en: 'The name {name} is taken', zh: '用户名 {name} 已被使用' },
  'people.wrong_password': { status: 403, en: 'The present password is wrong', zh: '当前密码错误' },
  'people.password_length': {
    status: 422,
    en: 'A password has {fewest} to {most} characters',
    zh: '密码长度须为 {fewest} 至 {most} 个字符',
  },
  'people.last_admin': {
    status: 409,
    en: 'One administrator must remain',
    zh: '必须保留至少一名管理员',
  },
  'people.too_many_tokens': {
    status: 409,
    en: 'You have {limit} tokens already; remove one first',
    zh: '令牌数量已达上限 {limit}，请先删除一个',
  },
  'people.unit_taken': { status: 409, en: 'The unit {name} exists already', zh: '单位 {name} 已存在' },
  'people.too_many_units': { status: 409, en: 'There are {limit} units already', zh: '单位数量已达上限 {limit}' },
  'people.unit_has_people': {
    status: 409,
    en: '{people} accounts belong to the unit {name}; move them first',
    zh: '单位 {name} 下还有 {people} 个账号，请先调整其所属单位',
  },

  'review.held': {
    status: 409,
    en: '{by} holds item {candidateId} until {until}',
    zh: '{by} 正在处理第 {candidateId} 号线索，至 {until}',
  },
  'review.not_held': { status: 409, en: 'You do not hold item {candidateId}', zh: '您没有认领第 {candidateId} 号线索' },
  'review.changed': {
    status: 409,
    en: 'Item {candidateId} has changed since version {seen}; it is now version {version}',
    zh: '第 {candidateId} 号线索已由版本 {seen} 变为版本 {version}，请重新查看',
  },
  'review.decided': {
    status: 409,
    en: 'Item {candidateId} has been decided already',
    zh: '第 {candidateId} 号线索已有结论',
  },
  'review.not_decided': {
    status: 409,
    en: 'Item {candidateId} has no verdict to take back',
    zh: '第 {candidateId} 号线索没有可撤销的结论',
  },
  'review.undo_late': {
    status: 409,
    en: 'A verdict can be taken back within {undoS} s; that time is over',
    zh: '结论只能在 {undoS} 秒内撤销，现已超时',
  },
  'review.undo_others': {
    status: 403,
    en: 'Only {by} or an administrator may take this verdict back',
    zh: '只有 {by} 或管理员可以撤销此结论',
  },
  'review.reason_missing': {
    status: 422,
    en: 'The verdict {verdict} needs a reason',
    zh: '结论 {verdict} 必须填写理由',
  },
  'review.duplicate_unnamed': {
    status: 422,
    en: 'A duplicate must name the item that it repeats (duplicateOf)',
    zh: '重复线索必须指明与哪一条重复（duplicateOf）',
  },
  'review.duplicate_unasked': {
    status: 422,
    en: 'Only the verdict duplicate names another item',
    zh: '只有“重复”结论可以指明另一条线索',
  },
  'review.duplicate_invalid': {
    status: 422,
    en: 'Item {candidateId} cannot repeat item {duplicateOf}: that must be another one, neither a duplicate nor a false alarm',
    zh: '第 {candidateId} 号线索不能与 {duplicateOf} 重复：对方须为另一条线索，且不是重复或误报',
  },
  'review.place_taken': {
    status: 409,
    en: 'Item {otherId} stands open at the same place',
    zh: '同一位置已有待处理线索 {otherId}',
  },
  'review.no_picture': {
    status: 422,
    en: 'Item {candidateId} has no picture that could be made lawful',
    zh: '第 {candidateId} 号线索没有可作为合法基准的图片',
  },
  'timestamp.authority_unusable': {
    status: 500,
    en: 'The certificates of the time-stamping authority ({file}) cannot be used: {problem}',
    zh: '时间戳机构的证书（{file}）无法使用：{problem}',
  },
  'timestamp.unreachable': {
    status: 502,
    en: 'The time-stamping authority {host} does not answer: {problem}',
    zh: '时间戳机构 {host} 无应答：{problem}',
  },
  'timestamp.refused': {
    status: 502,
    en: 'The time-stamping authority {host} refuses: {problem}',
    zh: '时间戳机构 {host} 拒绝了请求：{problem}',
  },
  'timestamp.invalid': {
    status: 502,
    en: 'The time stamp of {host} is not valid: {problem}',
    zh: '{host} 的时间戳无效：{problem}',
  },
  'evidence.key_unusable': {
    status: 500,
    en: 'The key that signs the evidence log ({file}) cannot be used: {problem}',
    zh: '证据日志的签名密钥（{file}）无法使用：{problem}',
  },
  'evidence.key_missing': {
    status: 500,
    en: 'The key that signs the evidence log is not in {file}; the log names key {named}. Restore the file, or, if it is lost, run `sentinel evidence rotate-key --lost --reason TEXT`',
    zh: '证据日志的签名密钥文件 {file} 不存在；日志登记的密钥为 {named}。请恢复该文件；确已丢失时运行 `sentinel evidence rotate-key --lost --reason TEXT`',
  },
  'evidence.key_unknown': {
    status: 500,
    en: 'The key in {file} is {found}, but the evidence log names {named}; put the right key there',
    zh: '{file} 中的密钥为 {found}，而证据日志登记的是 {named}，请放回正确的密钥',
  },
  'evidence.unpublished': {
    status: 500,
    en: 'The directory of published heads ({dir}) cannot be used: {problem}',
    zh: '日志封印的发布目录（{dir}）无法使用：{problem}',
  },
  'evidence.webhook_failed': {
    status: 502,
    en: 'The webhook on {host} did not take a head of the evidence log: {problem}',
    zh: '{host} 的网络回调未接收证据日志封印：{problem}',
  },
  'evidence.no_access': {
    status: 428,
    en: 'Say first why you look at evidence; what you said before has run out',
    zh: '查看证据前须先填写事由；此前填写的事由已失效',
  },
  'evidence.no_unit': {
    status: 403,
    en: 'Your account belongs to no unit, and so may see no evidence; an administrator can give it one',
    zh: '您的账号未归属任何单位，无权查看证据，请联系管理员设置所属单位',
  },
  'evidence.too_many_accesses': {
    status: 429,
    en: 'You have given {limit} reasons within a day already',
    zh: '您一天内填写的查阅事由已达上限 {limit} 次',
  },
  'evidence.hold_empty': {
    status: 422,
    en: 'A hold names snapshots (snapshotIds) or an item (candidateId)',
    zh: '留存须指明快照（snapshotIds）或线索（candidateId）',
  },
  'evidence.pruned': {
    status: 409,
    en: 'The files of snapshot {snapshotId} have gone by the rule of retention',
    zh: '快照 {snapshotId} 的文件已按保存期限清除',
  },
  'evidence.hold_released': {
    status: 409,
    en: 'Hold {holdId} has been released already',
    zh: '第 {holdId} 号留存已解除',
  },
  'evidence.hold_of_others': {
    status: 403,
    en: 'Hold {holdId} may be released by the unit that placed it, or by an administrator',
    zh: '第 {holdId} 号留存只能由设置单位或管理员解除',
  },
  'view.no_baselines': {
    status: 409,
    en: 'View {viewId} has no accepted pictures to watch with',
    zh: '视角 {viewId} 没有已确认的基准图片，无法开始监看',
  },
  'view.last_baseline': {
    status: 409,
    en: 'The last accepted picture of view {viewId} cannot be removed; let the view learn again instead',
    zh: '视角 {viewId} 的最后一张基准图片不能删除，请改为重新学习',
  },
  'view.too_many_masks': {
    status: 409,
    en: 'View {viewId} has {limit} areas already',
    zh: '视角 {viewId} 的区域数量已达上限 {limit}',
  },
  'patrol.no_turret': {
    status: 409,
    en: 'Camera {cameraId} cannot be turned: it is registered as a fixed one',
    zh: '摄像机 {cameraId} 登记为固定摄像机，不能转动',
  },
  'patrol.route_invalid': {
    status: 422,
    en: 'The route "{name}" cannot go like this: {problem}',
    zh: '路线“{name}”无法执行：{problem}',
  },
  'patrol.route_changed': {
    status: 409,
    en: 'Route {routeId} has changed since version {seen}; it is now version {version}',
    zh: '路线 {routeId} 已由版本 {seen} 变为版本 {version}，请重新查看',
  },
  'patrol.route_name_taken': {
    status: 409,
    en: 'This camera has a route named "{name}" already',
    zh: '该摄像机已有名为“{name}”的路线',
  },
  'patrol.too_many_routes': {
    status: 409,
    en: 'A camera has {limit} routes at most',
    zh: '每台摄像机最多 {limit} 条路线',
  },
  'patrol.route_file': {
    status: 422,
    en: 'The file of routes cannot be read: {problem}',
    zh: '路线文件无法读取：{problem}',
  },
  'patrol.test_running': {
    status: 409,
    en: 'A test run of route {routeId} is under way',
    zh: '路线 {routeId} 正在试运行',
  },
  'patrol.no_test': {
    status: 404,
    en: 'Route {routeId} has had no test run',
    zh: '路线 {routeId} 没有试运行记录',
  },
  'patrol.held': {
    status: 409,
    en: '{by} holds the turret until {until}',
    zh: '{by} 正在控制云台，至 {until}',
  },
  'patrol.not_held': { status: 409, en: 'You do not hold the turret', zh: '您没有控制云台' },
  'patrol.not_driven': {
    status: 503,
    en: 'The turret of camera {cameraId} does not answer: no patrol process drives it now',
    zh: '摄像机 {cameraId} 的云台无响应：目前没有巡航进程在控制它',
  },
  'patrol.too_many_commands': {
    status: 429,
    en: 'More than {limit} commands wait for the turret of camera {cameraId}',
    zh: '等待摄像机 {cameraId} 云台执行的指令超过 {limit} 条',
  },
  'patrol.cannot': {
    status: 422,
    en: 'The camera cannot do this: {what}',
    zh: '摄像机不支持此操作：{what}',
  },
  'patrol.preset_unknown': {
    status: 404,
    en: 'Camera {cameraId} knows no preset {preset}',
    zh: '摄像机 {cameraId} 没有预置位 {preset}',
  },
  'patrol.preset_used': {
    status: 409,
    en: 'Preset {preset} is on a route: {routes}',
    zh: '预置位 {preset} 正被路线使用：{routes}',
  },
  'patrol.task_closed': { status: 409, en: 'Task {taskId} is closed already', zh: '任务 {taskId} 已关闭' },
  'rtsp.bad_url': { status: 422, en: 'Not a usable RTSP address: {problem}', zh: 'RTSP 地址不可用：{problem}' },
  'rtsp.unreachable': { status: 502, en: '{host} cannot be reached: {problem}', zh: '无法连接 {host}：{problem}' },
  'rtsp.timeout': {
    status: 504,
    en: '{host} took longer than {limitMs} ms ({step})',
    zh: '{host} 超过 {limitMs} 毫秒无响应（{step}）',
  },
  'rtsp.unauthorised': { status: 502, en: '{host} refuses entry: {problem}', zh: '{host} 拒绝登录：{problem}' },
  'rtsp.not_found': { status: 502, en: '{host} has no such stream', zh: '{host} 没有该码流' },
  'rtsp.unsupported_codec': {
    status: 502,
    en: '{host} sends {codec}, which is not read here; set the camera to H.264 or H.265',
    zh: '{host} 发送的是 {codec}，本系统无法读取，请将摄像机设为 H.264 或 H.265',
  },
  'rtsp.protocol': {
    status: 502,
    en: '{host} does not keep to the protocol: {problem}',
    zh: '{host} 协议异常：{problem}',
  },
  'rtsp.closed': { status: 502, en: 'The stream from {host} ended: {problem}', zh: '{host} 的码流已断开：{problem}' },
  'rtsp.refused': {
    status: 502,
    en: '{host} refused {method}: {statusCode} {reason}',
    zh: '{host} 拒绝了 {method}：{statusCode} {reason}',
  },
  'rtsp.host_full': {
    status: 503,
    en: 'All {limit} connections allowed to {host} are in use',
    zh: '到 {host} 的 {limit} 个连接已全部占用',
  },
  'rtsp.too_many_waiting': {
    status: 503,
    en: 'More than {limit} wait for the same stream of {host}',
    zh: '等待 {host} 同一码流的请求超过 {limit} 个',
  },
  'simulator.media': {
    status: 500,
    en: 'The simulated estate cannot use its recording {file}: {problem}',
    zh: '示范小区的录像 {file} 无法使用：{problem}',
  },
  'simulator.not_listening': {
    status: 500,
    en: 'The simulated cameras cannot listen on {host}:{port}: {problem}',
    zh: '示范摄像机无法监听 {host}:{port}：{problem}',
  },
  'simulator.no_camera': {
    status: 404,
    en: 'The simulated estate has no camera {key}',
    zh: '示范小区没有摄像机 {key}',
  },
  'onvif.bad_url': { status: 422, en: 'Not a usable ONVIF address: {problem}', zh: 'ONVIF 地址不可用：{problem}' },
  'onvif.unreachable': { status: 502, en: '{host} cannot be reached: {problem}', zh: '无法连接 {host}：{problem}' },
  'onvif.timeout': {
    status: 504,
    en: '{host} did not finish answering {request} within {timeoutMs} ms',
    zh: '{host} 未在 {timeoutMs} 毫秒内答复 {request}',
  },
  'onvif.unauthorised': {
    status: 502,
    en: '{host} refuses entry for {request}: check user name and password',
    zh: '{host} 拒绝执行 {request}：请检查用户名和密码',
  },
  'onvif.protocol': {
    status: 502,
    en: '{host} answered {request} in a way that cannot be used: {problem}',
    zh: '{host} 对 {request} 的答复无法使用：{problem}',
  },
  'onvif.refused': {
    status: 502,
    en: '{host} refuses {request}: {problem}',
    zh: '{host} 拒绝执行 {request}：{problem}',
  },
  'onvif.not_offered': {
    status: 422,
    en: '{host} does not offer {request}',
    zh: '{host} 不支持 {request}',
  },
  'onvif.no_turret': {
    status: 422,
    en: '{host} has no turret that can be steered',
    zh: '{host} 没有可控制的云台',
  },
  'onvif.no_preset': {
    status: 404,
    en: '{host} has no preset {token}',
    zh: '{host} 没有预置位 {token}',
  },
  'onvif.no_interface': {
    status: 422,
    en: 'There is no network interface {interface}; there are: {known}',
    zh: '没有网络接口 {interface}；现有：{known}',
  },
  'onvif.discovery': {
    status: 502,
    en: 'Devices cannot be searched for on {interface}: {problem}',
    zh: '无法在 {interface} 上搜索设备：{problem}',
  },
  'onvif.too_much': {
    status: 422,
    en: '{host} cannot be asked this: {problem}',
    zh: '无法向 {host} 提出该请求：{problem}',
  },
  'onvif.no_stream': {
    status: 502,
    en: '{host} offers no H.264, H.265 or MPEG-4 stream',
    zh: '{host} 未提供 H.264、H.265 或 MPEG-4 码流',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERROR_TABLE;
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>;

/** An error with a code of {@link ERROR_TABLE}; `message` is the filled-in English text. */
export class SentinelError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: { cause?: unknown }) {
    super(fill(ERROR_TABLE[code].en, details), options);
    this.name = 'SentinelError';
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return ERROR_TABLE[this.code].status;
  }

  /** The text for a reader of `language`. */
  messageIn(language: 'en' | 'zh'): string {
    return fill(ERROR_TABLE[this.code][language], this.details);
  }
}

/** The text of anything thrown, for a log line or as a `problem` detail. */
export function problemOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function fill(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => (name in details ? String(details[name]) : whole));
}
