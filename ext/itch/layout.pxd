# Made by `python -m ext.itch.messages` from the table in messages.py; do not edit.

ctypedef unsigned char byte

cdef packed struct system_event:  # 'S', 12 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte event_code

cdef packed struct stock_directory:  # 'R', 39 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte stock[8]
    byte market_category
    byte financial_status
    byte round_lot_size[4]
    byte round_lots_only
    byte issue_classification
    byte issue_sub_type[2]
    byte authenticity
    byte short_sale_threshold
    byte ipo_flag
    byte luld_reference_price_tier
    byte etp_flag
    byte etp_leverage_factor[4]
    byte inverse_indicator

cdef packed struct stock_trading_action:  # 'H', 25 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte stock[8]
    byte trading_state
    byte reserved
    byte reason[4]

cdef packed struct reg_sho_restriction:  # 'Y', 20 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte stock[8]
    byte reg_sho_action

cdef packed struct market_participant_position:  # 'L', 26 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte mpid[4]
    byte stock[8]
    byte primary_market_maker
    byte market_maker_mode
    byte market_participant_state

cdef packed struct mwcb_decline_level:  # 'V', 35 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte level_1_price[8]
    byte level_2_price[8]
    byte level_3_price[8]

cdef packed struct mwcb_status:  # 'W', 12 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte breached_level

cdef packed struct quoting_period_update:  # 'K', 28 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte stock[8]
    byte ipo_release_time_s[4]
    byte ipo_release_qualifier
    byte ipo_price[4]

cdef packed struct luld_auction_collar:  # 'J', 35 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte stock[8]
    byte reference_price[4]
    byte upper_price[4]
    byte lower_price[4]
    byte extension[4]

cdef packed struct operational_halt:  # 'h', 21 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte stock[8]
    byte market_code
    byte halt_action

cdef packed struct add_order:  # 'A', 36 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte order_reference[8]
    byte side
    byte shares[4]
    byte stock[8]
    byte price[4]

cdef packed struct add_order_attributed:  # 'F', 40 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte order_reference[8]
    byte side
    byte shares[4]
    byte stock[8]
    byte price[4]
    byte attribution[4]

cdef packed struct order_executed:  # 'E', 31 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte order_reference[8]
    byte executed_shares[4]
    byte match_number[8]

cdef packed struct order_executed_with_price:  # 'C', 36 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte order_reference[8]
    byte executed_shares[4]
    byte match_number[8]
    byte printable
    byte execution_price[4]

cdef packed struct order_cancel:  # 'X', 23 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte order_reference[8]
    byte cancelled_shares[4]

cdef packed struct order_delete:  # 'D', 19 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte order_reference[8]

cdef packed struct order_replace:  # 'U', 35 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte original_order_reference[8]
    byte new_order_reference[8]
    byte shares[4]
    byte price[4]

cdef packed struct trade:  # 'P', 44 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte order_reference[8]
    byte side
    byte shares[4]
    byte stock[8]
    byte price[4]
    byte match_number[8]

cdef packed struct cross_trade:  # 'Q', 40 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte shares[8]
    byte stock[8]
    byte cross_price[4]
    byte match_number[8]
    byte cross_type

cdef packed struct broken_trade:  # 'B', 19 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte match_number[8]

cdef packed struct net_order_imbalance:  # 'I', 50 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte paired_shares[8]
    byte imbalance_shares[8]
    byte imbalance_direction
    byte stock[8]
    byte far_price[4]
    byte near_price[4]
    byte reference_price[4]
    byte cross_type
    byte price_variation

cdef packed struct retail_price_improvement:  # 'N', 20 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte stock[8]
    byte interest_flag

cdef packed struct direct_listing_price_discovery:  # 'O', 48 bytes
    byte message_type
    byte stock_locate[2]
    byte tracking_number[2]
    byte timestamp[6]
    byte stock[8]
    byte open_eligibility
    byte minimum_price[4]
    byte maximum_price[4]
    byte near_execution_price[4]
    byte near_execution_time[8]
    byte lower_collar_price[4]
    byte upper_collar_price[4]
