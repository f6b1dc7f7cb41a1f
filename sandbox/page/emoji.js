// The emoji that apps write by name. A name that is not here is shown as it was typed.

const NAMED = `
white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️ x ❌ negative_squared_cross_mark ❎ warning ⚠️
no_entry ⛔ no_entry_sign 🚫 octagonal_sign 🛑 rotating_light 🚨 exclamation ❗ grey_exclamation ❕ bangbang ‼️
question ❓ grey_question ❔ information_source ℹ️ bulb 💡 red_circle 🔴 large_orange_circle 🟠 large_yellow_circle 🟡
large_green_circle 🟢 large_blue_circle 🔵 large_purple_circle 🟣 large_brown_circle 🟤 black_circle ⚫ white_circle ⚪
radio_button 🔘 red_square 🟥 large_green_square 🟩 large_yellow_square 🟨 large_blue_square 🟦 black_large_square ⬛
white_large_square ⬜ small_blue_diamond 🔹 small_orange_diamond 🔸 hourglass ⌛ hourglass_flowing_sand ⏳ stopwatch ⏱️
timer_clock ⏲️ alarm_clock ⏰ watch ⌚ clock1 🕐 clock3 🕒 calendar 📆 date 📅 spiral_calendar_pad 🗓️
arrows_counterclockwise 🔄 arrows_clockwise 🔃 repeat 🔁 leftwards_arrow_with_hook ↩️ arrow_right_hook ↪️
arrow_right ➡️ arrow_left ⬅️ arrow_up ⬆️ arrow_down ⬇️ arrow_forward ▶️ double_vertical_bar ⏸️ pause_button ⏸️
black_square_for_stop ⏹️ fast_forward ⏩ rewind ⏪ lock 🔒 unlock 🔓 closed_lock_with_key 🔐 key 🔑 old_key 🗝️ shield 🛡️
ring_buoy 🛟 lifebuoy 🛟 anchor ⚓ ship 🚢 boat ⛵ sailboat ⛵ rowboat 🚣 ocean 🌊 sos 🆘 new 🆕 ok 🆗 up 🆙
floppy_disk 💾 minidisc 💽 cd 💿 dvd 📀 card_file_box 🗃️ file_cabinet 🗄️ file_folder 📁 open_file_folder 📂
card_index_dividers 🗂️ package 📦 inbox_tray 📥 outbox_tray 📤 page_facing_up 📄 page_with_curl 📃 scroll 📜
clipboard 📋 memo 📝 pencil 📝 pencil2 ✏️ pushpin 📌 round_pushpin 📍 paperclip 📎 link 🔗 label 🏷️ bookmark 🔖
bar_chart 📊 chart_with_upwards_trend 📈 chart_with_downwards_trend 📉 mag 🔍 mag_right 🔎 microscope 🔬 test_tube 🧪
wrench 🔧 hammer 🔨 hammer_and_wrench 🛠️ gear ⚙️ nut_and_bolt 🔩 toolbox 🧰 electric_plug 🔌 battery 🔋 computer 💻
desktop_computer 🖥️ satellite 🛰️ satellite_antenna 📡 cloud ☁️ zap ⚡ fire 🔥 boom 💥 bomb 💣 droplet 💧 snowflake ❄️
sunny ☀️ rainbow 🌈 star ⭐ star2 🌟 sparkles ✨ tada 🎉 confetti_ball 🎊 balloon 🎈 gift 🎁 trophy 🏆 medal 🏅 dart 🎯
rocket 🚀 construction 🚧 vertical_traffic_light 🚦 bell 🔔 no_bell 🔕 mega 📣 loudspeaker 📢 speech_balloon 💬
thought_balloon 💭 email ✉️ envelope ✉️ incoming_envelope 📨 phone ☎️ wastebasket 🗑️ recycle ♻️ skull 💀
skull_and_crossbones ☠️ ghost 👻 robot_face 🤖 bug 🐛 whale 🐳 octopus 🐙 penguin 🐧 turtle 🐢 seedling 🌱
thumbsup 👍 +1 👍 thumbsdown 👎 -1 👎 ok_hand 👌 wave 👋 clap 👏 raised_hands 🙌 pray 🙏 muscle 💪 point_up ☝️
point_right 👉 point_left 👈 point_down 👇 raised_hand ✋ hand ✋ handshake 🤝 crossed_fingers 🤞 v ✌️ eyes 👀 eye 👁️
smile 😄 smiley 😃 grinning 😀 grin 😁 joy 😂 rolling_on_the_floor_laughing 🤣 wink 😉 blush 😊 slightly_smiling_face 🙂
upside_down_face 🙃 thinking_face 🤔 neutral_face 😐 expressionless 😑 confused 😕 worried 😟 cry 😢 sob 😭 scream 😱
sweat 😓 sweat_smile 😅 relieved 😌 sunglasses 😎 heart_eyes 😍 tired_face 😫 sleeping 😴 rage 😡 facepalm 🤦 shrug 🤷
heart ❤️ broken_heart 💔 green_heart 💚 blue_heart 💙 yellow_heart 💛 purple_heart 💜 100 💯 heavy_plus_sign ➕
heavy_minus_sign ➖ heavy_multiplication_x ✖️ one 1️⃣ two 2️⃣ three 3️⃣ four 4️⃣ five 5️⃣ coffee ☕ cookie 🍪 pizza 🍕
beer 🍺 house 🏠 office 🏢 hospital 🏥 bank 🏦 earth_africa 🌍 earth_americas 🌎 earth_asia 🌏 globe_with_meridians 🌐
busts_in_silhouette 👥 bust_in_silhouette 👤 crown 👑 passport_control 🛂 identification_card 🪪 money_with_wings 💸
`;

const words = NAMED.trim().split(/\s+/);
const KNOWN = new Map();
for (let at = 0; at + 1 < words.length; at += 2) KNOWN.set(words[at], words[at + 1]);

/** The characters of a named emoji, or null; a skin tone after the name is left out. */
export function emoji(name) {
  return KNOWN.get(String(name).split("::")[0]) ?? null;
}

/** The characters that rich text carries beside the name ("1f6df" or "2764-fe0f"), or null. */
export function emojiFromCode(code) {
  if (!/^[0-9a-f]{2,6}(-[0-9a-f]{2,6}){0,9}$/i.test(code ?? "")) return null;
  const points = code.split("-").map((hex) => Number.parseInt(hex, 16));
  return points.every((point) => point <= 0x10ffff) ? String.fromCodePoint(...points) : null;
}
